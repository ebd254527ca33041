package spark

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Key says which run it was: no two of a results file have the same.
type Key struct {
	Spark   string  `json:"spark"`
	Job     string  `json:"job"`
	Weights string  `json:"weights"`
	Trace   string  `json:"trace"`
	Minutes float64 `json:"minutes"`
	Seed    uint64  `json:"seed"`
	Repeat  int     `json:"repeat"`
	Rival   string  `json:"rival"`
	// Policy is the network that the shipped policy was, where it played; of a
	// rule it is the values of its parameters, where it has some.
	Policy string `json:"policy,omitempty"`
}

// Figures are what a run did to one query in the window.
type Figures struct {
	Query    string  `json:"query"`
	Events   int     `json:"events"`
	MeanMs   float64 `json:"meanLatencyMs"`
	P50Ms    float64 `json:"p50LatencyMs"`
	P95Ms    float64 `json:"p95LatencyMs"`
	P99Ms    float64 `json:"p99LatencyMs"`
	Triggers uint64  `json:"triggers"`
	Empties  uint64  `json:"emptyTriggers"`
	Batches  uint64  `json:"batches"`
	// CostRate is the weighted cost a second.
	CostRate float64 `json:"costRate"`
	// BatchMs is the mean duration of the window's batches.
	BatchMs float64 `json:"batchMs"`
	// Inferred and Untaken events are not exact; see internal/report.
	Inferred int `json:"inferred,omitempty"`
	Untaken  int `json:"untaken,omitempty"`
	// Commands were put in force over the whole run; the round trip is from a
	// trigger's end sent to the interval applied, on the agent's clock.
	Commands    uint64  `json:"commands"`
	RoundTripMs float64 `json:"roundTripMsP50"`
}

// Record is one run: a line of the results file.
type Record struct {
	Key
	At      time.Time `json:"at"`
	Broker  string    `json:"broker"`
	Seconds float64   `json:"seconds"`
	// Load is the machine's one-minute load average before the run and after.
	Load [2]float64 `json:"load"`
	// Cores are those that driver, broker and tuner were held to; 0 where an
	// earlier run does not say.
	Cores int `json:"cores,omitempty"`
	// CPUSeconds is the driver's processor time in the window; Files and Bytes
	// are what the sink was given in it.
	CPUSeconds float64   `json:"cpuSeconds"`
	Files      int       `json:"files"`
	Bytes      int64     `json:"bytes"`
	Queries    []Figures `json:"queries"`
	// CostRate is that of all queries together.
	CostRate float64 `json:"costRate"`
}

// ReadRecords reads a results file; none is no record. The last line may be
// cut short, by a kill, and then lacks its end: it is left out, and the next run
// takes its place.
func ReadRecords(path string) ([]Record, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	var all []Record
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if line[0] == '{' && line[len(line)-1] != '\n' {
			break
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("reading results: %s:%d: this is no run: %w", path, n, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// appendRecord adds a run to the results file, on a line of its own even where
// the last one was cut short, and where another benchmark adds one meanwhile.
func appendRecord(path string, r *Record) (err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { // until it is closed
		return fmt.Errorf("writing a result: locking %s: %w", path, err)
	}
	whole, err := wholeLines(path)
	if err != nil {
		return err
	}
	if err := f.Truncate(whole); err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	if _, err := f.WriteAt(append(line, '\n'), whole); err != nil {
		return fmt.Errorf("writing a result: %w", err)
	}
	return nil
}

// wholeLines is the length of the file up to its last line's end.
func wholeLines(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading results: %w", err)
	}
	n := len(text)
	for n > 0 && text[n-1] != '\n' {
		n--
	}
	return int64(n), nil
}
