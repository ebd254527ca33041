package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"rubato/env/forecast"
)

// WriteJSON writes the report.
func (r *Report) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteCSV writes the rows.
func (r *Report) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	err := w.Write([]string{
		"trace", "model", "horizonS", "mae", "mase", "pinball", "coverage", "coverage80",
		"transitionMae", "transitions", "maeDeviation", "maseDeviation", "seeds",
	})
	for _, row := range r.Rows {
		if err == nil {
			err = w.Write(row.fields())
		}
	}
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	if err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}

func (r *Row) fields() []string {
	f := []string{r.Trace, r.Model, strconv.Itoa(r.HorizonS)}
	for _, x := range [...]float64{
		r.MAE, r.MASE, r.Pinball, r.Coverage, r.Coverage80,
		r.TransitionMAE, r.Transitions, r.MAEDeviation, r.MASEDeviation,
	} {
		f = append(f, strconv.FormatFloat(x, 'g', 6, 64))
	}
	return append(f, strconv.Itoa(r.Seeds))
}

// WriteTables writes the report as Markdown: a table of MASE, one of the
// ensemble's interval and transitions, and the goals.
func (r *Report) WriteTables(out io.Writer) error {
	var b strings.Builder
	families, models := r.names()
	at := r.index()
	b.WriteString("MASE at 1 / 3 / 5 s, mean over the seeds:\n\n| trace |")
	for _, m := range models {
		fmt.Fprintf(&b, " %s |", m)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(models)) + "\n")
	for _, f := range families {
		fmt.Fprintf(&b, "| %s |", f)
		for _, m := range models {
			b.WriteString(" " + triple(at, f, m, "%.2f", func(x Row) float64 { return x.MASE }) + " |")
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nThe ensemble at 1 / 3 / 5 s:\n\n" +
		"| trace | MAE, events/s | spread over seeds | pinball | in the 90 % interval | in the 80 % | seconds in transitions | MAE there | AR's |\n" +
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range families {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", f,
			triple(at, f, nameEnsemble, "%.1f", func(x Row) float64 { return x.MAE }),
			triple(at, f, nameEnsemble, "%.1f", func(x Row) float64 { return x.MAEDeviation }),
			triple(at, f, nameEnsemble, "%.1f", func(x Row) float64 { return x.Pinball }),
			triple(at, f, nameEnsemble, "%.3f", func(x Row) float64 { return x.Coverage }),
			triple(at, f, nameEnsemble, "%.3f", func(x Row) float64 { return x.Coverage80 }),
			fmt.Sprintf("%.0f %%", 100*at[cell{f, nameEnsemble, 1}].Transitions),
			triple(at, f, nameEnsemble, "%.1f", func(x Row) float64 { return x.TransitionMAE }),
			triple(at, f, nameAR, "%.1f", func(x Row) float64 { return x.TransitionMAE }))
	}
	b.WriteString("\n| goal | limit | measured | held | where; misses |\n|---|---|---|---|---|\n")
	for _, v := range r.Verdicts {
		held := "no"
		if v.Held {
			held = "yes"
		}
		fmt.Fprintf(&b, "| %s | %.2f | %.3f | %s | %s |\n", v.Goal, v.Limit, v.Measured, held,
			strings.Join(append([]string{v.Where}, v.Misses...), "; "))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write the tables: %w", err)
	}
	return nil
}

// cell is a row's place.
type cell struct {
	trace, model string
	horizon      int
}

func (r *Report) index() map[cell]Row {
	at := map[cell]Row{}
	for _, row := range r.Rows {
		at[cell{row.Trace, row.Model, row.HorizonS}] = row
	}
	return at
}

// names are the traces and the models, in the rows' order.
func (r *Report) names() (families, models []string) {
	seen := map[string]bool{}
	for _, row := range r.Rows {
		if !seen["t"+row.Trace] {
			families = append(families, row.Trace)
		}
		if !seen["m"+row.Model] {
			models = append(models, row.Model)
		}
		seen["t"+row.Trace], seen["m"+row.Model] = true, true
	}
	return families, models
}

// triple writes a figure at the three horizons.
func triple(at map[cell]Row, trace, model, format string, of func(Row) float64) string {
	var parts [3]string
	for i, h := range forecast.Horizons {
		x := of(at[cell{trace, model, h}])
		parts[i] = fmt.Sprintf(format, x)
		if math.IsNaN(x) {
			parts[i] = "-"
		}
	}
	return strings.Join(parts[:], " / ")
}
