package load

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// mostEvents is the most events that a second of a trace may have.
	mostEvents = 100_000
	// longestTrace is the longest trace, s.
	longestTrace = 1_000_000
)

// Trace is the number of events in each second.
type Trace []int

// ReadTrace reads a trace from a CSV file with the header second,events.
// Seconds must ascend; those left out have no events (env/sim/traces, which is
// there to judge by, refuses such). Errors name file and line.
func ReadTrace(path string) (Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	defer func() { _ = f.Close() }()
	t, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("read trace: %s:%w", path, err)
	}
	return t, nil
}

// parse reads a trace; its errors begin with the line.
func parse(r io.Reader) (Trace, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 2
	rows.ReuseRecord = true
	head, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("1: the file is empty: want the header second,events")
	}
	if err == nil && (head[0] != "second" || head[1] != "events") {
		return nil, fmt.Errorf("1: the header is %s,%s: want second,events", head[0], head[1])
	}
	var t Trace
	first := -1
	for err == nil {
		var row []string
		if row, err = rows.Read(); err != nil {
			break
		}
		line, _ := rows.FieldPos(0)
		second, n, bad := numbers(row)
		if bad != nil {
			return nil, fmt.Errorf("%d: %w", line, bad)
		}
		if first < 0 {
			first = second
		}
		at := second - first
		if at < len(t) {
			return nil, fmt.Errorf("%d: second %d comes after second %d: want them to ascend", line, second, first+len(t)-1)
		}
		if at >= longestTrace {
			return nil, fmt.Errorf("%d: second %d is more than %d after the first", line, second, longestTrace)
		}
		t = append(append(t, make(Trace, at-len(t))...), n)
	}
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%d: %w", syntax.Line, syntax.Err)
	case !errors.Is(err, io.EOF):
		return nil, err
	case !slices.ContainsFunc(t, func(n int) bool { return n > 0 }):
		return nil, errors.New("1: the trace has no events")
	}
	return t, nil
}

// numbers reads one row.
func numbers(row []string) (second, events int, err error) {
	if second, err = strconv.Atoi(row[0]); err != nil || second < 0 || second > math.MaxInt32 {
		return 0, 0, fmt.Errorf("second %q: want a whole number from 0", row[0])
	}
	if events, err = strconv.Atoi(row[1]); err != nil || events < 0 || events > mostEvents {
		return 0, 0, fmt.Errorf("events %q: want a whole number from 0 to %d", row[1], mostEvents)
	}
	return second, events, nil
}

// Events returns the trace's schedule for a seed, in order of time. A trace
// that is too short begins again.
func (t Trace) Events(seed uint64, length time.Duration) []Event {
	rng := generator(seed)
	var events []Event
	for s := 0; time.Duration(s)*time.Second < length; s++ {
		begin := len(events)
		for range t[s%len(t)] {
			at := time.Duration((float64(s) + rng.Float64()) * float64(time.Second))
			events = append(events, Event{At: at, Key: rng.IntN(Keys)})
		}
		slices.SortFunc(events[begin:], func(a, b Event) int { return int(a.At - b.At) })
	}
	end, _ := slices.BinarySearchFunc(events, length, func(e Event, l time.Duration) int { return int(e.At - l) })
	return events[:end]
}
