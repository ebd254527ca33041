package tournament

import (
	"fmt"
	"strings"
)

// goal makes a line; it is met where the measured figure is at most the limit.
func goal(name string, limit float64, measured Figure) Goal {
	return Goal{Figure: name, Goal: fmt.Sprintf("<= %g", limit), Measured: measured,
		Low: Unknown(), High: Unknown(), Met: verdict(measured, measured <= Figure(limit))}
}

func verdict(measured Figure, met bool) string {
	switch {
	case !measured.Known():
		return "-"
	case met:
		return "met"
	}
	return "missed"
}

// goals is the goal table for what was measured.
func goals(r *Result) []Goal {
	of := func(g Group) *Summary {
		if s := r.Summary[g]; s != nil {
			return s
		}
		u := Unknown()
		return &Summary{VsRule: u, VsRuleLow: u, VsRuleHigh: u, Worst: u, VsBestFixed: u, GapClosed: u,
			RuleGapClosed: u, VsRuleHindsight: u, VsLinear: u, ClairvoyantVsRule: u, MissRatio: u}
	}
	ranged := func(g Goal, s *Summary) Goal {
		g.Low, g.High = s.VsRuleLow, s.VsRuleHigh
		if s.ClairvoyantVsRule.Known() {
			g.Note = strings.TrimPrefix(g.Note+fmt.Sprintf("; clairvoyant %v", s.ClairvoyantVsRule), "; ")
		}
		return g
	}
	against := func(g Goal, s *Summary) Goal {
		if s.Rule != "" {
			g.Note = "against " + s.Rule
		}
		return ranged(g, s)
	}
	s := of(Sighted)
	table := []Goal{
		ranged(goal("sighted: cost / waiting-cost rule, one tuned k", 0.99, s.VsRule), s),
		worstOf(goal("sighted: the same, worst cell", 1.025, s.Worst), s),
		goal("sighted: cost / waiting-cost rule, k in hindsight per cell", 1, s.VsRuleHindsight),
		goal("sighted: cost / linear threshold on a few features", 1, s.VsLinear),
		gapGoal(s),
		against(goal("blind: cost / best blind rule", 0.96, of(Blind).VsRule), of(Blind)),
		against(goal("latency target: cost / best rule, target-aware ones too", 0.97, of(Target).VsRule), of(Target)),
		goal("latency target: lateness / that rule's", 1, of(Target).MissRatio),
		ranged(goal("shared driver: cost / waiting-cost rule for each", 0.95, of(Shared).VsRule), of(Shared)),
		ranged(goal("prices or times off the model: cost / waiting-cost rule", 0.95, of(OffModel).VsRule), of(OffModel)),
		otherRules("every other rule", r.Rules, func(x *RuleRatio) Figure { return x.All }),
		otherRules("every other rule, single queries", r.Rules, func(x *RuleRatio) Figure { return x.Single }),
		otherRules("every other rule, shared drivers", r.Rules, func(x *RuleRatio) Figure { return x.in(Shared) }),
	}
	if e := r.EqualTriggers; e != nil {
		g := goal("AdaptiveStream's rule at confidence 1, its generator: mean latency at equal triggers", 0.85, e.LatencyRatio)
		g.Note = e.note()
		table = append(table, g)
	}
	return table
}

func worstOf(g Goal, s *Summary) Goal {
	g.Note = s.WorstCell
	return g
}

// gapGoal asks for eight points more of the gap than the rule closes.
func gapGoal(s *Summary) Goal {
	g := Goal{Figure: "sighted: share of the gap best fixed to clairvoyant closed", Goal: "the rule's + 0.08",
		Measured: s.GapClosed, Low: Unknown(), High: Unknown(), Met: "-"}
	if s.GapClosed.Known() {
		g.Goal = fmt.Sprintf(">= %.3g", float64(s.RuleGapClosed)+0.08)
		g.Met = verdict(s.GapClosed, s.GapClosed >= s.RuleGapClosed+0.08)
		g.Note = fmt.Sprintf("the rule's %v", s.RuleGapClosed)
	}
	return g
}

// otherRules is the policy's cost over that of the best rule that no other goal
// names, in the cells that of tells the ratio of.
func otherRules(name string, rules []RuleRatio, of func(*RuleRatio) Figure) Goal {
	best, rival := Unknown(), ""
	for i := range rules {
		r := &rules[i]
		if named(r.Rival) || limit(r.Rival) {
			continue
		}
		if x := of(r); x.Known() && (!best.Known() || x > best) {
			best, rival = x, r.Rival
		}
	}
	g := goal(name+": cost / the best of them", 0.97, best)
	if rival != "" {
		g.Note = "against " + rival
	}
	return g
}
