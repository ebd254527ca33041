package traces

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rubato/env/sim"
)

const (
	// mostEvents is the most events that a second may have.
	mostEvents = 100_000_000
	// longest is the longest trace, s.
	longest = 10_000_000
)

// ErrTrace says that a file is no trace; the error names file and line.
var ErrTrace = errors.New("not a trace")

// Trace is the number of events in each second of a recording.
type Trace struct {
	counts []float64
	total  []float64 // before each second, and at last of all
}

// Paths lists the CSV files of a folder, sorted; or the file itself.
func Paths(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read traces: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	paths, err := fs.Glob(os.DirFS(path), "*.csv")
	if err != nil {
		return nil, fmt.Errorf("read traces: %w", err)
	}
	slices.Sort(paths)
	for i := range paths {
		paths[i] = filepath.Join(path, paths[i])
	}
	return paths, nil
}

// Read reads a trace from a CSV file. Its errors name the file, and the line
// where one is at fault.
func Read(path string) (*Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	defer func() { _ = f.Close() }()
	t, line, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("read trace: %s:%d: %w", path, line, err)
	}
	return t, nil
}

// parse returns, with an error, the line that it is about.
func parse(r io.Reader) (t *Trace, line int, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	t = &Trace{total: []float64{0}}
	last := int64(0)
	for line = 1; ; line++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if syntax := (*csv.ParseError)(nil); errors.As(err, &syntax) {
			return nil, syntax.Line, fmt.Errorf("%w: %w", ErrTrace, syntax.Err)
		}
		if err != nil {
			return nil, line, err
		}
		line, _ = rows.FieldPos(0)
		if len(row) != 2 {
			return nil, line, fmt.Errorf("%w: %d fields: want second,events", ErrTrace, len(row))
		}
		if len(t.total) == 1 && line == 1 {
			if head := strings.TrimPrefix(row[0], "\ufeff"); head != "second" || row[1] != "events" {
				return nil, line, fmt.Errorf("%w: %q is no header: want second,events", ErrTrace, head+","+row[1])
			}
			continue
		}
		if last, err = t.add(row, last); err != nil {
			return nil, line, err
		}
	}
	switch n := len(t.counts); {
	case n == 0 && line == 1:
		return nil, line, fmt.Errorf("%w: the file is empty: want the header second,events", ErrTrace)
	case n == 0:
		return nil, line, fmt.Errorf("%w: no second follows the header", ErrTrace)
	case t.total[n] == 0:
		return nil, line - 1, fmt.Errorf("%w: there is no event in %d seconds", ErrTrace, n)
	}
	return t, 0, nil
}

// add takes in a row that follows the given second, and returns its own.
func (t *Trace) add(row []string, last int64) (second int64, err error) {
	second, err = strconv.ParseInt(row[0], 10, 64)
	if err != nil || second < 0 {
		return 0, fmt.Errorf("%w: second %q: want a whole number from 0 on", ErrTrace, row[0])
	}
	events, err := strconv.ParseInt(row[1], 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || events < 0 {
		return 0, fmt.Errorf("%w: %q events: want a whole number from 0 on", ErrTrace, row[1])
	}
	n := len(t.counts)
	switch {
	case n > 0 && second <= last:
		return 0, fmt.Errorf("%w: second %d after %d: they have to ascend", ErrTrace, second, last)
	case n > 0 && second > last+1:
		return 0, fmt.Errorf("%w: second %d after %d: the gap wants rows of its own, with 0 where nothing came", ErrTrace, second, last)
	case events > mostEvents:
		return 0, fmt.Errorf("%w: %s events in a second: the most is %d", ErrTrace, row[1], mostEvents)
	case n == longest:
		return 0, fmt.Errorf("%w: more than %d seconds", ErrTrace, longest)
	}
	t.counts = append(t.counts, float64(events))
	t.total = append(t.total, t.total[n]+float64(events))
	return second, nil
}

// Len is the length, s.
func (t *Trace) Len() int { return len(t.counts) }

// Mean is the mean rate of the seconds from up to, but without, to, events/s;
// both are held to the trace. 0 where there is no second between them.
func (t *Trace) Mean(from, to int) float64 {
	from, to = min(max(from, 0), t.Len()), min(max(to, 0), t.Len())
	if from >= to {
		return 0
	}
	return (t.total[to] - t.total[from]) / float64(to-from)
}

// Load returns the arrivals from the given second on, their rate multiplied by
// scale; every call of what it returns begins there anew.
func (t *Trace) Load(scale float64, from int) func() sim.Load {
	n := t.Len()
	from = (from%n + n) % n
	return func() sim.Load { return &playback{t: t, scale: scale, at: from} }
}

// playback is a trace on its way.
type playback struct {
	t     *Trace
	scale float64
	at    int
}

// Next implements sim.Load.
func (p *playback) Next(*rand.Rand) float64 {
	x := p.t.counts[p.at]
	if p.at++; p.at == len(p.t.counts) {
		p.at = 0
	}
	return p.scale * x
}
