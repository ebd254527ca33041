package tournament

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// WriteCSV writes the rows under a header with the JSON's names; an unknown
// figure is empty.
func (r *Result) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	// csv.Writer keeps its first error for Flush.
	_ = w.Write([]string{"trace", "query", "weights", "group", "rival", "costRate", "costRateLow", "costRateHigh",
		"meanLatencyS", "p95LatencyS", "p99LatencyS", "triggersPerS", "emptiesPerS", "batchesPerS", "overridesShare",
		"missRate", "vsBestFixed", "chosen"})
	for i := range r.Rows {
		x := &r.Rows[i]
		record := []string{x.Trace, x.Query, x.Weights, string(x.Group), x.Rival}
		for _, f := range []Figure{x.CostRate, x.CostRateLow, x.CostRateHigh, x.MeanLatencyS, x.P95LatencyS,
			x.P99LatencyS, x.TriggersPerS, x.EmptiesPerS, x.BatchesPerS, x.OverridesShare, x.MissRate, x.VsBestFixed} {
			text := ""
			if f.Known() {
				text = strconv.FormatFloat(float64(f), 'g', 6, 64)
			}
			record = append(record, text)
		}
		_ = w.Write(append(record, x.Chosen))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write the tournament's rows: %w", err)
	}
	return nil
}

// WriteJSON writes the whole result as one object.
func (r *Result) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the tournament's result: %w", err)
	}
	return nil
}
