package spark

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// header names the columns of the CSV file.
var header = []string{
	"spark", "job", "weights", "trace", "minutes", "seed", "repeat", "rival", "policy", "at", "broker", "seconds", "cost_per_s",
	"mean_latency_ms", "p50_ms", "p95_ms", "p99_ms", "triggers", "empty", "batches", "batch_ms", "files", "bytes",
	"driver_cpu_s", "load_before", "load_after", "events", "inferred", "untaken",
	"simulated_cost_per_s", "simulated_mean_latency_ms", "simulated_triggers", "simulated_empty",
	"simulated_at_own_batch_time_cost_per_s", "clairvoyant_cost_per_s",
}

// WriteCSV writes a row for each query of each run.
func (s *Summary) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(header); err != nil {
		return fmt.Errorf("write the benchmark's CSV: %w", err)
	}
	for _, played := range s.Windows {
		for _, r := range played.Records {
			if err := w.WriteAll(played.lines(r)); err != nil {
				return fmt.Errorf("write the benchmark's CSV: %w", err)
			}
		}
	}
	return nil
}

// lines are those of a run: one for each query.
func (w *Played) lines(r *Record) [][]string {
	f := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	u := func(x uint64) string { return strconv.FormatUint(x, 10) }
	var p, own Prediction
	if row := w.rowOf(r); row.Predicted != nil {
		p = *row.Predicted
		if row.Own != nil {
			own = *row.Own
		}
	}
	var lines [][]string
	for _, q := range r.Queries {
		lines = append(lines, []string{
			r.Spark, r.Job, r.Weights, r.Trace, f(r.Minutes), u(r.Seed), strconv.Itoa(r.Repeat), r.Rival, r.Policy, r.At.Format(time.RFC3339),
			r.Broker, f(r.Seconds), f(q.CostRate), f(q.MeanMs), f(q.P50Ms), f(q.P95Ms), f(q.P99Ms), u(q.Triggers), u(q.Empties),
			u(q.Batches), f(q.BatchMs), strconv.Itoa(r.Files), strconv.FormatInt(r.Bytes, 10), f(r.CPUSeconds), f(r.Load[0]), f(r.Load[1]),
			strconv.Itoa(q.Events), strconv.Itoa(q.Inferred), strconv.Itoa(q.Untaken),
			f(p.CostRate), f(p.MeanMs), f(p.Triggers), f(p.Empties), f(own.CostRate), f(w.Limit),
		})
	}
	return lines
}

// WriteTables writes the rows and the goals as Markdown.
func (s *Summary) WriteTables(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Spark %s, job %s, weights %s, runs of %g minutes\n", s.Key.Spark, s.Key.Job, s.Key.Weights, s.Key.Minutes)
	if len(s.Others) > 0 {
		fmt.Fprintf(&b, "left out: runs of %s (--policy)\n", strings.Join(s.Others, ", "))
	}
	for _, w := range s.Windows {
		fmt.Fprintf(&b, "\n**%s**: %s; %d events, at most %.0f in a second", w.Name, w.Trace.About, len(w.Events), w.peak())
		if w.Limit > 0 {
			fmt.Fprintf(&b, "; clairvoyant %.3f/s", w.Limit)
		}
		b.WriteString("\n\n| rival | cost a second | / best fixed | mean, ms | p50 | p95 | p99 | triggers/s | empty/s | batch, ms | files/s | kB/s | driver CPU, s/s | simulated / measured | at its own batch time | simulated cost at the policy's |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
		for _, r := range w.Rows {
			r.write(&b, w, s.Key.Minutes)
		}
	}
	s.writePairs(&b)
	b.WriteString("\n| figure | goal | measured | | beside |\n|---|---|---|---|---|\n")
	for _, g := range s.Goals() {
		met := "**missed**"
		switch {
		case !g.Known:
			met, g.Measured = "not run", "-"
		case g.Met:
			met = "met"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", g.Figure, g.Goal, g.Measured, met, g.Beside)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write the benchmark's tables: %w", err)
	}
	return nil
}

func (r *Row) write(b *strings.Builder, w *Played, minutes float64) {
	fixed := "-"
	if best := w.bestFixed(); best != nil {
		fixed = fmt.Sprintf("%.3f", r.CostRate/best.CostRate)
	}
	cost := fmt.Sprintf("%.3f", r.CostRate)
	if r.Runs > 1 {
		cost += fmt.Sprintf(" (%.3f to %.3f)", r.Low, r.High)
	}
	seconds := (time.Duration(minutes*float64(time.Minute)) - LeadIn).Seconds()
	part := func(p *Prediction) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprintf("%.2f", p.CostRate/r.CostRate)
	}
	equal := "-"
	if r.Equal != nil {
		equal = fmt.Sprintf("%.3f", r.Equal.CostRate)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f | %.0f | %.2f | %.1f | %.2f | %s | %s | %s |\n",
		r.Rival, cost, fixed, r.MeanMs, r.P50Ms, r.P95Ms, r.P99Ms, r.Triggers, r.Empties, r.BatchMs,
		r.Files/seconds, r.Bytes/1e3/seconds, r.CPUSeconds/seconds, part(r.Predicted), part(r.Own), equal)
}

// writePairs writes the policy beside each rival of a window, a pair a line.
func (s *Summary) writePairs(b *strings.Builder) {
	var lines strings.Builder
	for _, w := range s.Windows {
		policy := w.row(Frozen)
		for _, rival := range w.Rows {
			if policy == nil || rival == policy {
				continue
			}
			fmt.Fprintf(&lines, "| %s | %s |", w.Name, rival.Rival)
			for _, r := range []*Row{rival, policy} {
				fmt.Fprintf(&lines, " %.3f | %.0f | %.2f | %.0f |", r.CostRate, r.MeanMs, r.Triggers, r.BatchMs)
			}
			simulated := "-"
			if x := equally(policy, rival); x > 0 {
				simulated = fmt.Sprintf("%.3f", x)
			}
			fmt.Fprintf(&lines, " %.3f | %s |\n", policy.CostRate/rival.CostRate, simulated)
		}
	}
	if lines.Len() > 0 {
		b.WriteString("\n| window | rival | its cost a second | mean, ms | triggers/s | batch, ms | frozen: cost a second | mean, ms | triggers/s | batch, ms | ratio | simulated, both at the policy's batch time |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
		b.WriteString(lines.String())
	}
}
