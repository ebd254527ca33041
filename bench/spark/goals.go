package spark

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Goal is a line of the goal table.
type Goal struct {
	Figure, Goal, Measured, Beside string
	Met, Known                     bool
}

// waiting is the rule that a goal names.
const waiting = "waiting-cost"

// Goals judges the frozen policy by what was run.
func (s *Summary) Goals() []Goal {
	if len(jobs[s.Key.Job]) > 1 {
		return []Goal{s.goal("queries on one driver: cost / waiting-cost rule for each", 0.97, named(waiting))}
	}
	best := s.goal("frozen policy: cost / best fixed, geometric mean", 0.88, (*Played).bestFixed)
	if limit, n := s.limit(); n > 0 {
		best.Beside += fmt.Sprintf("; clairvoyant %.3f", limit)
	}
	goals := []Goal{best, s.goal("frozen policy: cost / waiting-cost rule", 1.01, named(waiting))}
	for _, rival := range s.others() {
		goals = append(goals, s.goal("frozen policy: cost / "+rival, 0.97, named(rival)))
	}
	return append(goals, s.fronts())
}

// goal is the policy's cost over another's, and what the simulator says of it.
func (s *Summary) goal(figure string, limit float64, over func(*Played) *Row) Goal {
	x, n := s.ratio(over)
	g := Goal{
		Figure: figure, Goal: fmt.Sprintf("<= %.2f", limit), Measured: fmt.Sprintf("%.3f", x),
		Beside: fmt.Sprintf("%d traces", n), Met: x <= limit, Known: n > 0,
	}
	if x, n := s.equal(over); n > 0 {
		g.Beside += fmt.Sprintf("; simulated, both at the policy's batch times: %.3f", x)
	}
	return g
}

// others are the rules that were run, but for the waiting-cost rule.
func (s *Summary) others() []string {
	rivals := map[string]bool{}
	for _, w := range s.Windows {
		for _, r := range w.Rows {
			if r.Rival != Frozen && r.Rival != Learning && r.Rival != waiting && !strings.HasPrefix(r.Rival, fixedPrefix) {
				rivals[r.Rival] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(rivals))
}

func named(rival string) func(*Played) *Row {
	return func(w *Played) *Row { return w.row(rival) }
}

// ratio is the mean of the policy's cost over another's, where both were run.
func (s *Summary) ratio(over func(*Played) *Row) (mean float64, traces int) {
	return s.mean(func(w *Played) float64 {
		p, r := w.row(Frozen), over(w)
		if p == nil || r == nil {
			return 0
		}
		return p.CostRate / r.CostRate
	})
}

// equal is the same in the simulator, both at the batch times of the policy's
// runs.
func (s *Summary) equal(over func(*Played) *Row) (mean float64, traces int) {
	return s.mean(func(w *Played) float64 { return equally(w.row(Frozen), over(w)) })
}

// equally is that on one window; 0 where it is not known.
func equally(p, r *Row) float64 {
	if p == nil || r == nil || p.Equal == nil || r.Equal == nil {
		return 0
	}
	return p.Equal.CostRate / r.Equal.CostRate
}

// mean is the geometric mean of what is above 0, over each trace's windows and
// then over the traces, and how many traces that were.
func (s *Summary) mean(of func(*Played) float64) (mean float64, traces int) {
	type sum struct{ logs, n float64 }
	sums := map[string]*sum{}
	for _, w := range s.Windows {
		x := of(w)
		if !(x > 0) {
			continue
		}
		if sums[w.Trace.Name] == nil {
			sums[w.Trace.Name] = &sum{}
		}
		sums[w.Trace.Name].logs += math.Log(x)
		sums[w.Trace.Name].n++
	}
	all := 0.0
	for _, trace := range slices.Sorted(maps.Keys(sums)) {
		all += sums[trace].logs / sums[trace].n
	}
	return math.Exp(all / float64(max(len(sums), 1))), len(sums)
}

// limit is the mean of the clairvoyant's cost over the best fixed.
func (s *Summary) limit() (mean float64, traces int) {
	return s.mean(func(w *Played) float64 {
		if b := w.bestFixed(); b != nil {
			return w.Limit / b.CostRate
		}
		return 0
	})
}

// fronts counts on how many windows the policy's point is below the front of the
// fixed intervals that were run; one alone is no front.
func (s *Summary) fronts() Goal {
	ahead, n := 0, 0
	for _, w := range s.Windows {
		p := w.row(Frozen)
		if p == nil || len(w.fixed()) < 2 {
			continue
		}
		n++
		if w.ahead(p) {
			ahead++
		}
	}
	return Goal{
		Figure: "windows on which the policy's point is left of the front of the fixed intervals", Goal: "all",
		Measured: fmt.Sprintf("%d of %d", ahead, n), Met: ahead == n, Known: n > 0,
	}
}

// ahead tells whether no fixed interval, and nothing on the straight line (in
// the logarithms) between two, has as few triggers and as little latency.
func (w *Played) ahead(p *Row) bool {
	front := w.fixed()
	slices.SortFunc(front, func(a, b *Row) int { return cmp.Compare(a.Triggers, b.Triggers) })
	for i, b := range front {
		if b.Triggers <= p.Triggers && b.MeanMs <= p.MeanMs {
			return false
		}
		if i == 0 || front[i-1].Triggers > p.Triggers || b.Triggers < p.Triggers {
			continue
		}
		a := front[i-1]
		part := math.Log(p.Triggers/a.Triggers) / math.Log(b.Triggers/a.Triggers)
		if at := math.Exp(math.Log(a.MeanMs) + part*math.Log(b.MeanMs/a.MeanMs)); at <= p.MeanMs {
			return false
		}
	}
	return true
}
