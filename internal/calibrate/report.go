package calibrate

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"rubato/env/sim"
)

// Print writes the results for a reader.
func Print(w io.Writer, results []Result) error {
	var b strings.Builder
	for i := range results {
		results[i].print(&b)
	}
	_, err := io.WriteString(w, strings.TrimLeft(b.String(), "\n"))
	return err
}

func (r *Result) print(b *strings.Builder) {
	for i := range r.Queries {
		r.Queries[i].print(b)
	}
	if len(r.Queries) > 1 {
		fmt.Fprintf(b, "\ndriver %s: %d queries; more than %.0f batches at once slow each other down: contention %.2f",
			r.App, len(r.Queries), r.Driver.Cores, r.Driver.Contention)
		fmt.Fprintf(b, "\n(a batch beside %.0f others runs at %.2f of its speed)\n", r.Driver.Cores, sim.Speed(r.Driver.Cores+1, r.Driver.Cores, r.Driver.Contention))
	}
}

func (q *Query) print(b *strings.Builder) {
	r, m := q.Run, &q.Model
	fmt.Fprintf(b, "\n%s (run %s)\n%d batches with rows in %.0f s, %d without; %d empty triggers", r.Query, r.ID,
		len(r.Batches), r.Batches[len(r.Batches)-1].End-r.Batches[0].Start, r.NoData, r.Empty)
	if r.Lost > 0 {
		fmt.Fprintf(b, "; %d batches were not told of whole", r.Lost)
	}
	fmt.Fprintf(b, "\noverhead %.1f ms, %.4g ms per 1000 rows (medians); noise %.3f; warm-up %.2f; %s; %s; %s\n",
		1e3*q.median[0], 1e6*q.median[1], m.Noise, m.Warmup, m.stragglers(), m.snapshots(), q.growth())
	table := tabwriter.NewWriter(b, 0, 0, 3, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(table, "rows\tbatches\tmeasured, ms\tfitted, ms\terror\t\n")
	for _, l := range q.Levels {
		_, _ = fmt.Fprintf(table, "%.0f\t%d\t%.1f\t%.1f\t%+.1f %%\t\n", l.Rows, l.Batches, 1e3*l.Measured, 1e3*l.Fitted, 100*(l.Fitted/l.Measured-1))
	}
	_ = table.Flush()
	q.Judged.print(b, r.Sampled)
}

func (j *Judgement) print(b *strings.Builder, sampled bool) {
	fmt.Fprintf(b, "one step ahead, fitted to the first half, on the %d batches of the second:\n", j.Batches)
	fmt.Fprintf(b, "  batch time: median absolute error %.1f %% (goal <= %.0f), bias %+.1f %%; 90 %% interval holds %.1f %% (goal %.0f to %.0f)\n",
		100*j.Duration, 100*GoalError, 100*j.Bias, 100*j.Coverage, 100*GoalCoverageLow, 100*GoalCoverageHigh)
	if j.Latencies > 0 {
		how := "arrivals by the broker's end offsets"
		if !sampled {
			how = "arrivals taken to be even between triggers"
		}
		fmt.Fprintf(b, "  mean latency of a batch's rows: median absolute error %.1f %% (goal <= %.0f), %s\n", 100*j.Latency, 100*GoalError, how)
	}
	if j.Met() {
		fmt.Fprintln(b, "  the goals are met")
	} else {
		fmt.Fprintln(b, "  the goals are MISSED")
	}
}

func (m *Model) stragglers() string {
	if m.Straggler.Probability == 0 {
		return "no stragglers"
	}
	return fmt.Sprintf("stragglers %.1f %%, x %.1f", 100*m.Straggler.Probability, m.Straggler.Factor)
}

func (m *Model) snapshots() string {
	if m.Snapshot.Every == 0 {
		return "no snapshots"
	}
	return fmt.Sprintf("each %dth batch %.1f ms longer", m.Snapshot.Every, 1e3*m.Snapshot.Seconds)
}

func (q *Query) growth() string {
	if b := q.Run.Batches; b[len(b)-1].Start-b[0].Start < growthSpan {
		return "too short to tell growth"
	}
	return fmt.Sprintf("overhead grows %.1f %% an hour", 100*q.Model.Growth)
}

// document is the JSON of a Result; driver decodes into a sim.Driver.
type document struct {
	App     string          `json:"app"`
	Driver  Driver          `json:"driver"`
	Queries []queryDocument `json:"queries"`
}

type queryDocument struct {
	Query   string    `json:"query"`
	Run     string    `json:"run"`
	Batches int       `json:"batches"`
	NoData  int       `json:"noDataBatches"`
	Empty   int       `json:"emptyTriggers"`
	Lost    int       `json:"lostBatches"`
	Sampled bool      `json:"arrivalsSampled"`
	Levels  []Level   `json:"levels"`
	Judged  Judgement `json:"judged"`
	Met     bool      `json:"goalsMet"`
}

// JSON writes the results as one array, a driver an element.
func JSON(w io.Writer, results []Result) error {
	docs := make([]document, 0, len(results))
	for _, r := range results {
		d := document{App: r.App, Driver: r.Driver}
		for _, q := range r.Queries {
			d.Queries = append(d.Queries, queryDocument{
				Query: string(q.Run.Query), Run: string(q.Run.ID), Batches: len(q.Run.Batches), NoData: q.Run.NoData,
				Empty: q.Run.Empty, Lost: q.Run.Lost, Sampled: q.Run.Sampled, Levels: q.Levels, Judged: q.Judged, Met: q.Judged.Met(),
			})
		}
		docs = append(docs, d)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(docs)
}
