package tournament

import (
	"math"
	"slices"

	"rubato/policy/rules"
)

// judged is one cell with what every rival made of it.
type judged struct {
	cell   Cell
	rivals []standing
}

// standing is one rival in one cell, over all seeds.
type standing struct {
	rival  string
	blocks []block // pooled
	rate   float64
	chosen string

	events, delay, p95, p99                          float64
	triggers, empties, batches, decisions, overrides float64
	missed, seconds                                  float64
}

func (j *judged) find(rival string) *standing {
	for i := range j.rivals {
		if j.rivals[i].rival == rival {
			return &j.rivals[i]
		}
	}
	return nil
}

// comparison is one rival's cost over another's, over many cells.
type comparison struct {
	ratios []float64
	cells  []*judged
}

// mean is the geometric mean; NaN without cells.
func (c *comparison) mean() Figure {
	if len(c.ratios) == 0 {
		return Unknown()
	}
	return Figure(geometric(c.ratios))
}

// worst is the greatest ratio and its cell.
func (c *comparison) worst() (Figure, string) {
	if len(c.ratios) == 0 {
		return Unknown(), ""
	}
	i := 0
	for k, x := range c.ratios {
		if x > c.ratios[i] {
			i = k
		}
	}
	return Figure(c.ratios[i]), c.cells[i].cell.String()
}

// compare takes the cells that have both, cost above 0 in each. The interval
// is asked for apart: it takes a while.
func compare(cells []*judged, a, b string) comparison {
	var c comparison
	for _, j := range cells {
		x, y := j.find(a), j.find(b)
		if x != nil && y != nil && x.rate > 0 && y.rate > 0 {
			c.ratios = append(c.ratios, x.rate/y.rate)
			c.cells = append(c.cells, j)
		}
	}
	return c
}

// bounds returns the 95 % interval of the geometric mean: in each resample, all
// cells of a source are resampled alike.
func (c *comparison) bounds(a, b string) (low, high Figure) {
	if len(c.ratios) == 0 {
		return Unknown(), Unknown()
	}
	logs := make([]float64, resamples)
	for _, j := range c.cells {
		x := resampled(j.cell.Source.Name, j.find(a).blocks)
		y := resampled(j.cell.Source.Name, j.find(b).blocks)
		for i := range logs {
			if x[i] > 0 && y[i] > 0 {
				logs[i] += math.Log(x[i] / y[i])
			}
		}
	}
	for i := range logs {
		logs[i] = math.Exp(logs[i] / float64(len(c.cells)))
	}
	lo, hi := interval(logs)
	return Figure(lo), Figure(hi)
}

// summaries makes the figures of each group that has cells, and the same of
// each trace by itself, against the rule of the whole group.
func summaries(all []*judged) (whole Summaries, byTrace map[string]Summaries) {
	whole, byTrace = Summaries{}, map[string]Summaries{}
	for _, g := range Groups() {
		cells := ofGroup(all, g)
		if len(cells) == 0 {
			continue
		}
		whole[g] = summarise(groupRule(g, cells), cells)
		traces := map[string][]*judged{}
		for _, j := range cells {
			traces[j.cell.Source.Name] = append(traces[j.cell.Source.Name], j)
		}
		for name, own := range traces {
			if byTrace[name] == nil {
				byTrace[name] = Summaries{}
			}
			byTrace[name][g] = summarise(whole[g].Rule, own)
		}
	}
	return whole, byTrace
}

// summarise makes the figures of cells against a rule.
func summarise(rule string, cells []*judged) *Summary {
	vs := compare(cells, PolicyName, rule)
	s := &Summary{Cells: len(cells), Rule: rule, VsRule: vs.mean()}
	s.Worst, s.WorstCell = vs.worst()
	s.VsRuleLow, s.VsRuleHigh = vs.bounds(PolicyName, rule)
	s.VsBestFixed = ratio(cells, PolicyName, BestFixed)
	s.VsRuleHindsight = ratio(cells, PolicyName, BestWaiting)
	s.VsLinear = ratio(cells, PolicyName, LinearRule)
	s.ClairvoyantVsRule = ratio(cells, Clairvoyant, rule)
	s.GapClosed = gapClosed(cells, PolicyName)
	s.RuleGapClosed = gapClosed(cells, rule)
	s.MissRatio = missRatio(cells, PolicyName, rule)
	return s
}

func ratio(cells []*judged, a, b string) Figure {
	c := compare(cells, a, b)
	return c.mean()
}

// groupRule is the rival that the goal table names for the group: where it
// names several, or the rule may act outright or in ladder steps, the one with
// the least cost over the group. Sighted, it is the rule acting outright.
func groupRule(g Group, cells []*judged) string {
	var names []string
	switch g {
	case Blind:
		names = withSteps(SquareRoot, WaitingRule, WaitingForecast)
	case Target:
		for i := range cells[0].rivals {
			if r := &cells[0].rivals[i]; !limit(r.rival) && r.rival != PolicyName {
				names = append(names, r.rival)
			}
		}
	case Shared, OffModel:
		names = withSteps(WaitingRule, WaitingEverywhere)
	default:
		return WaitingRule
	}
	best, least := WaitingRule, math.Inf(1)
	for _, name := range names {
		c := compare(cells, name, WaitingRule)
		if m := float64(c.mean()); len(c.ratios) == len(cells) && m < least {
			best, least = name, m
		}
	}
	return best
}

// withSteps adds each rule's row in ladder steps.
func withSteps(names ...string) []string {
	for _, n := range names {
		names = append(names, n+rules.StepsSuffix)
	}
	return names
}

// gapClosed is (fixed - rival) / (fixed - clairvoyant) by geometric means, in
// units of the best fixed interval, over the cells that have a clairvoyant.
func gapClosed(cells []*judged, rival string) Figure {
	with := slices.DeleteFunc(slices.Clone(cells), func(j *judged) bool {
		return j.find(Clairvoyant) == nil || j.find(BestFixed) == nil || j.find(rival) == nil
	})
	limit, got := ratio(with, Clairvoyant, BestFixed), ratio(with, rival, BestFixed)
	if !limit.Known() || !(limit < 1) {
		return Unknown()
	}
	return (1 - got) / (1 - limit)
}

// missRatio is the lateness of a over that of b, summed over the cells.
func missRatio(cells []*judged, a, b string) Figure {
	var x, y float64
	for _, j := range cells {
		if p, q := j.find(a), j.find(b); p != nil && q != nil {
			x += p.missed / p.seconds
			y += q.missed / q.seconds
		}
	}
	if !(y > 0) {
		return Unknown()
	}
	return Figure(x / y)
}

// ruleRatios compares the policy with every rival of any cell, in the order in
// which they first play.
func ruleRatios(all []*judged) []RuleRatio {
	var names []string
	for _, j := range all {
		for i := range j.rivals {
			if n := j.rivals[i].rival; n != PolicyName && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	var out []RuleRatio
	for _, name := range names {
		c := compare(all, PolicyName, name)
		if len(c.ratios) == 0 {
			continue
		}
		r := RuleRatio{
			Rival: name, Groups: map[Group]Figure{}, Single: ratio(single(all), PolicyName, name),
			All: c.mean(), Cells: len(c.ratios),
		}
		for _, g := range Groups() {
			if x := ratio(ofGroup(all, g), PolicyName, name); x.Known() {
				r.Groups[g] = x
			}
		}
		out = append(out, r)
	}
	return out
}

func ofGroup(all []*judged, g Group) []*judged {
	var out []*judged
	for _, j := range all {
		if j.cell.Group() == g {
			out = append(out, j)
		}
	}
	return out
}

// single are the cells whose query is alone on its driver.
func single(all []*judged) []*judged {
	return slices.DeleteFunc(slices.Clone(all), func(j *judged) bool { return j.cell.Kind.Queries > 1 })
}
