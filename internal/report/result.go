package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Decisions tells of the tuner's decisions in the tuned half.
type Decisions struct {
	// Applied are those that the shield let pass, Overridden those that it changed.
	Applied    uint64 `json:"applied"`
	Overridden uint64 `json:"overridden"`
	// RoundTripMsP50 and P99 are from a metric sent to the interval applied, on
	// the agent's clock, ms.
	RoundTripMsP50 float64 `json:"roundTripMsP50"`
	RoundTripMsP99 float64 `json:"roundTripMsP99"`
}

// Result is what a demo found. Before is the half at the configured interval,
// After the tuned one, whichever ran first.
type Result struct {
	Seed      uint64    `json:"seed"`
	Before    Half      `json:"before"`
	After     Half      `json:"after"`
	Decisions Decisions `json:"decisions"`
}

// Table is the result for a reader: the figures side by side, and a sentence
// that says what they come to.
func (r Result) Table() string {
	var cells strings.Builder
	w := tabwriter.NewWriter(&cells, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name, format string, before, after float64) {
		_, _ = fmt.Fprintf(w, "%s\t"+format+"\t"+format+"\t%s\t\n", name, before, after, change(before, after))
	}
	x, y := r.Before, r.After
	_, _ = fmt.Fprint(w, "\tbefore\tafter\tchange\t\n")
	row("mean event latency, ms", "%.0f", x.MeanLatencyMs, y.MeanLatencyMs)
	row("p95 event latency, ms", "%.0f", x.P95LatencyMs, y.P95LatencyMs)
	row("triggers", "%.0f", float64(x.Triggers), float64(y.Triggers))
	row("empty triggers", "%.0f", float64(x.EmptyTriggers), float64(y.EmptyTriggers))
	row("batches", "%.0f", float64(x.Batches), float64(y.Batches))
	row("weighted cost a second", "%.4f", x.CostRate, y.CostRate)
	_, _ = fmt.Fprintf(w, "events\t%d\t%d\t\t\n", x.Events, y.Events)
	_, _ = fmt.Fprintf(w, "seconds measured\t%.0f\t%.0f\t\t\n", x.Seconds, y.Seconds)
	_ = w.Flush()
	var b strings.Builder
	for line := range strings.Lines(cells.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	d := r.Decisions
	fmt.Fprintf(&b, "\n%d decisions applied, %d overridden by the shield; round trip p50 %.1f ms, p99 %.1f ms (seed %d)\n",
		d.Applied, d.Overridden, d.RoundTripMsP50, d.RoundTripMsP99, r.Seed)
	fmt.Fprintf(&b, "%s\n%s", r.verdict(), r.doubts())
	return b.String()
}

// change is how much after differs from before, in percent.
func change(before, after float64) string {
	switch before {
	case after:
		return "0.0 %"
	case 0:
		return "was 0"
	}
	return fmt.Sprintf("%+.1f %%", 100*(after-before)/before)
}

// verdict says in a sentence whether tuning paid.
func (r Result) verdict() string {
	x, y := r.Before, r.After
	switch {
	case x.Events == 0 || y.Events == 0:
		return "No event was measured: this says nothing about tuning."
	case y.CostRate > x.CostRate:
		return fmt.Sprintf("After is not better: tuned, the weighted cost was higher (%s) than at the configured interval.",
			change(x.CostRate, y.CostRate))
	case y.CostRate == x.CostRate:
		return "After is not better: tuned, the weighted cost was the same as at the configured interval."
	}
	s := fmt.Sprintf("Tuned, the weighted cost was lower (%s)", change(x.CostRate, y.CostRate))
	if worse := r.worse(); len(worse) > 0 {
		s += ", paid for with more " + strings.Join(worse, " and ")
	}
	return s + "."
}

// worse names what tuning made worse.
func (r Result) worse() []string {
	var worse []string
	if r.After.MeanLatencyMs > r.Before.MeanLatencyMs {
		worse = append(worse, "latency")
	}
	if r.After.EmptyTriggers > r.Before.EmptyTriggers {
		worse = append(worse, "empty triggers")
	}
	if r.After.Batches > r.Before.Batches {
		worse = append(worse, "batches")
	}
	return worse
}

// doubts names what keeps the figures from being exact, a line each.
func (r Result) doubts() string {
	var b strings.Builder
	for _, h := range []struct {
		name string
		half Half
	}{{"before", r.Before}, {"after", r.After}} {
		if h.half.Untaken > 0 {
			fmt.Fprintf(&b, "Not exact: %d events of %q were taken by no batch and are left out.\n", h.half.Untaken, h.name)
		}
		if h.half.Inferred > 0 {
			fmt.Fprintf(&b, "Not exact: the batch of %d events of %q was not reported; they count with the next one.\n", h.half.Inferred, h.name)
		}
	}
	return b.String()
}
