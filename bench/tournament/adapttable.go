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
	fmt.Fprintf(w, "\nshift\tlearner\tminutes\tat last / prior\t95 %%\twhile learning / prior\tworst ten minutes / rule\t\n")
	for _, s := range a.Shifts {
		for i := range s.Learners {
			l := &s.Learners[i]
			end := l.Final()
			fmt.Fprintf(w, "%s\t%s\t%v\t%v\t%v to %v\t%v\t%v\t\n",
				s.Shift, l.Learner, l.MinutesToBetter, end.VsPrior, end.Low, end.High, l.Learning, l.WorstTenMinutes)
		}
	}
	fmt.Fprintf(w, "\n%s, snapshot / prior (and / rule) after minutes\t", a.Shifts[0].Learners[0].Learner)
	for _, s := range a.Shifts {
		fmt.Fprintf(w, "%s\t", s.Shift)
	}
	fmt.Fprintln(w)
	for k, first := range a.Shifts[0].Learners[0].Curve {
		fmt.Fprintf(w, "%g\t", first.Minute)
		for _, s := range a.Shifts {
			c := s.Learners[0].Curve[k]
			fmt.Fprintf(w, "%v (%v)\t", c.VsPrior, c.VsRule)
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
	rows := [][]string{{"shift", "learner", "minute", "vsPrior", "low", "high", "vsRule"}}
	for _, s := range a.Shifts {
		for _, l := range s.Learners {
			for _, c := range l.Curve {
				rows = append(rows, []string{
					s.Shift, l.Learner, fmt.Sprint(c.Minute), c.VsPrior.String(), c.Low.String(), c.High.String(), c.VsRule.String(),
				})
			}
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write the adaptation's rows: %w", err)
	}
	return nil
}
