package tournament

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTables writes the goal table, the groups' figures and the rules' for a
// terminal.
func (r *Result) WriteTables(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "figure\tgoal\tmeasured\t95 %%\t\t\n")
	for _, g := range r.Goals {
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\t%s\n", g.Figure, g.Goal, g.Measured, g.interval(), g.Met, g.Note)
	}
	fmt.Fprintf(w, "\ngroup\tcells\tvs rule\tworst\tvs best fixed\tgap closed\trule's\tvs k in hindsight\tvs linear\tworst cell\n")
	for _, g := range Groups() {
		if s := r.Summary[g]; s != nil {
			fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%v\t%v\t%v\t%v\t%v\t%s\n", g, s.Cells, s.VsRule, s.Worst, s.VsBestFixed,
				s.GapClosed, s.RuleGapClosed, s.VsRuleHindsight, s.VsLinear, s.WorstCell)
		}
	}
	if len(r.Rules) > 0 {
		fmt.Fprintf(w, "\npolicy's cost over\t%s\tall\n", strings.Join(groupNames(), "\t"))
	}
	for _, rule := range r.Rules {
		fmt.Fprint(w, rule.Rival)
		for _, g := range Groups() {
			fmt.Fprintf(w, "\t%v", rule.in(g))
		}
		fmt.Fprintf(w, "\t%v\n", rule.All)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the tournament's tables: %w", err)
	}
	return nil
}

func groupNames() []string {
	var names []string
	for _, g := range Groups() {
		names = append(names, string(g))
	}
	return names
}

// in is the ratio in a group, unknown where the rival does not play.
func (r *RuleRatio) in(g Group) Figure {
	if f, ok := r.Groups[g]; ok {
		return f
	}
	return Unknown()
}

// interval is the measured figure's, as text; empty where there is none.
func (g *Goal) interval() string {
	if !g.Low.Known() || !g.High.Known() {
		return ""
	}
	return fmt.Sprintf("%v to %v", g.Low, g.High)
}
