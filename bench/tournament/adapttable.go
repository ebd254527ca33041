package tournament

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTables writes goals and learning curves for a terminal.
func (a *Adaptation) WriteTables(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "figure\tgoal\tmeasured\t\t\n")
	for _, g := range a.Goals {
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\n", g.Figure, g.Goal, g.Measured, g.Met, g.Note)
	}
	fmt.Fprintf(w, "\nsnapshot / prior (and / rule) after minutes\t")
	for _, s := range a.Shifts {
		fmt.Fprintf(w, "%s\t", s.Shift)
	}
	fmt.Fprintln(w)
	for k := 0; len(a.Shifts) > 0 && k < len(a.Shifts[0].Curve); k++ {
		fmt.Fprintf(w, "%g\t", a.Shifts[0].Curve[k].Minute)
		for _, s := range a.Shifts {
			if k < len(s.Curve) {
				fmt.Fprintf(w, "%v (%v)\t", s.Curve[k].VsPrior, s.Curve[k].VsRule)
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the adaptation's tables: %w", err)
	}
	return nil
}

// WriteJSON writes the whole result as one object.
func (a *Adaptation) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return fmt.Errorf("write the adaptation: %w", err)
	}
	return nil
}

// WriteCSV writes the curves, a row for each snapshot.
func (a *Adaptation) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"shift", "minute", "vsPrior", "low", "high", "vsRule"}}
	for _, s := range a.Shifts {
		for _, c := range s.Curve {
			rows = append(rows, []string{
				s.Shift, fmt.Sprint(c.Minute), c.VsPrior.String(), c.Low.String(), c.High.String(), c.VsRule.String(),
			})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write the adaptation's rows: %w", err)
	}
	return nil
}
