package calibrate

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"rubato/checkpoints/boltfile"
	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/replay"
)

// OffsetsType is the type of a line that holds a sample of end offsets: an
// arrivals.Sample with a type and wallMs, ms of the same wall clock as the
// metrics' own.
const OffsetsType = "offsets"

// ErrEmpty says that a file holds nothing.
var ErrEmpty = errors.New("empty: want messages of rubato.metrics, one a line, or a journal")

// ReadFile reads a journal, or a file of messages, one JSON a line, plain or
// gzipped. Errors name file and line.
func ReadFile(path string) ([]*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReaderSize(f, 1<<16)
	head, err := in.Peek(20)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	if boltfile.Begins(head) {
		return readJournal(path)
	}
	var lines io.Reader = in
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read metrics: %s: %w", path, err)
		}
		lines = zip
	}
	c := NewCollector()
	if err := readLines(lines, c); err != nil {
		return nil, fmt.Errorf("read metrics: %s%w", path, err)
	}
	return c.Runs(), nil
}

// readLines reads messages, one a line; its errors begin with a colon and the
// line.
func readLines(r io.Reader, c *Collector) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), spark.MaxMessage+1)
	n, told := 0, 0
	for in.Scan() {
		n++
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 {
			continue
		}
		told++
		if err := readLine(line, c); err != nil {
			return fmt.Errorf(":%d: %w", n, cmp.Or(in.Err(), err)) // a line may be cut by what ended the file
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf(":%d: %w", n+1, err)
	}
	if told == 0 {
		return fmt.Errorf(": %w", ErrEmpty)
	}
	return nil
}

func readLine(line []byte, c *Collector) error {
	var kind struct {
		Type   string `json:"type"`
		WallMs int64  `json:"wallMs"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return fmt.Errorf("not a message: %w", err)
	}
	if kind.Type == OffsetsType {
		s, err := arrivals.Decode(line)
		if err != nil {
			return err
		}
		c.Offsets(float64(kind.WallMs)/1e3, s)
		return nil
	}
	m, err := spark.Decode(line)
	if err != nil {
		return err
	}
	c.Message("", 0, m)
	return nil
}

// readJournal reads a tuner's decision log.
func readJournal(path string) (_ []*Run, err error) {
	j, err := replay.Open(path, replay.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	c := NewCollector()
	if err := j.Iterate(1, func(r replay.Record) error { c.record(&r); return nil }); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return c.Runs(), nil
}

// record takes in one record of a journal. The tuner journals what does not
// parse too; it counted that when it took it.
func (c *Collector) record(r *replay.Record) {
	if r.Input == nil {
		return
	}
	at := float64(r.Input.At) / 1e9
	switch r.Input.Kind {
	case env.InputMessage:
		if m, err := spark.Decode(r.Input.Value); err == nil {
			c.Message(r.Input.Key, at, m)
		}
	case env.InputOffsets:
		if s, err := arrivals.Decode(r.Input.Value); err == nil {
			c.Offsets(at, s)
		}
	}
}
