package tournament

import (
	"fmt"
	"math"
	"slices"
)

const (
	// better is the ratio to the prior at which a snapshot counts as adapted.
	better = 0.97
	// windowBlocks blocks make the ten minutes that are compared with the rule.
	windowBlocks = 600 / BlockSeconds
)

// Adaptation is how learn mode fared on each shift.
type Adaptation struct {
	Command string    `json:"command,omitempty"`
	Policy  string    `json:"policy"`
	Seeds   int       `json:"seeds"`
	Minutes float64   `json:"minutes"`
	Shifts  []Adapted `json:"shifts"`
	Goals   []Goal    `json:"goals"`
}

// Adapted is one shift's outcome. Its figures are geometric means over the
// seeds, on the arrivals that snapshots are judged on.
type Adapted struct {
	Shift string `json:"shift"`
	About string `json:"about"`
	// PriorVsRule is the frozen prior's cost over that of the waiting-cost rule.
	PriorVsRule Figure `json:"priorVsRule"`
	// Hindsight is what the prior with its threshold moved costs over the prior,
	// where the best of a grid of shifts was chosen for each seed knowing these
	// arrivals; Common the same with the one shift that is best for all seeds;
	// Clairvoyant what the optimal plan for the known future costs.
	Hindsight   Figure  `json:"hindsight"`
	Common      Figure  `json:"common"`
	CommonShift float64 `json:"commonShift"`
	Clairvoyant Figure  `json:"clairvoyant"`
	// PriorWorst is WorstTenMinutes of the frozen prior.
	PriorWorst Figure    `json:"priorWorstTenMinutes"`
	Learners   []Learned `json:"learners"`
}

// Learned is how one learner fared.
type Learned struct {
	Learner string `json:"learner"`
	// MinutesToBetter is the stream time of the first snapshot that is 3 % better
	// than the prior and is followed by none that is not, unknown where there is
	// none.
	MinutesToBetter Figure `json:"minutesToBetter"`
	// Learning is its cost as it learnt, over the frozen prior's on the same
	// arrivals: the price of exploration and what it brought.
	Learning Figure `json:"learning"`
	// WorstTenMinutes is the greatest ratio, over windows of ten minutes, of
	// the mean cost of the learner as it learns to that of the rule.
	WorstTenMinutes Figure     `json:"worstTenMinutes"`
	Curve           []Snapshot `json:"curve"`
}

// Final is the last snapshot.
func (l *Learned) Final() Snapshot {
	if len(l.Curve) == 0 {
		return Snapshot{VsPrior: Unknown(), Low: Unknown(), High: Unknown(), VsRule: Unknown()}
	}
	return l.Curve[len(l.Curve)-1]
}

// Snapshot is the policy frozen after so many minutes: its cost over the
// prior's and over the rule's, geometric means over the seeds on the same
// arrivals, and the 95 % interval of the first over the seeds.
type Snapshot struct {
	Minute  float64 `json:"minute"`
	VsPrior Figure  `json:"vsPrior"`
	Low     Figure  `json:"low"`
	High    Figure  `json:"high"`
	VsRule  Figure  `json:"vsRule"`
}

// adapted joins the seeds of a shift.
func adapted(o *AdaptOptions, s Shift, runs []shiftRun) Adapted {
	a := Adapted{Shift: s.Name, About: s.About, Common: Unknown()}
	prior := func(r *shiftRun) float64 { return r.prior }
	mean := func(of, over func(*shiftRun) float64) Figure { return Figure(geometric(ratios(runs, of, over))) }
	a.PriorVsRule = mean(prior, func(r *shiftRun) float64 { return r.rule })
	a.Clairvoyant = mean(func(r *shiftRun) float64 { return r.clairvoyant }, prior)
	a.Hindsight = mean(func(r *shiftRun) float64 { return slices.Min(r.moved[:]) }, prior)
	for k, shift := range hindsight {
		if x := mean(func(r *shiftRun) float64 { return r.moved[k] }, prior); !a.Common.Known() || x < a.Common {
			a.Common, a.CommonShift = x, shift
		}
	}
	a.PriorWorst = worstTen(runs, func(r *shiftRun) []block { return r.frozen })
	for i, l := range o.Learners {
		a.Learners = append(a.Learners, learned(l.Name, o.Every.Minutes(), runs, i))
	}
	return a
}

// learned joins the seeds of the i-th learner.
func learned(name string, every float64, runs []shiftRun, i int) Learned {
	learnt := func(r *shiftRun) []block { return r.learners[i].learnt }
	l := Learned{
		Learner: name, MinutesToBetter: Unknown(), WorstTenMinutes: worstTen(runs, learnt),
		Learning: Figure(geometric(ratios(runs,
			func(r *shiftRun) float64 { return rate(learnt(r)) }, func(r *shiftRun) float64 { return rate(r.frozen) }))),
	}
	for k := range runs[0].learners[i].snapshots {
		snapshot := func(r *shiftRun) float64 { return r.learners[i].snapshots[k] }
		vsPrior := ratios(runs, snapshot, func(r *shiftRun) float64 { return r.prior })
		vsRule := ratios(runs, snapshot, func(r *shiftRun) float64 { return r.rule })
		x := Snapshot{Minute: every * float64(k+1), VsPrior: Figure(geometric(vsPrior)), VsRule: Figure(geometric(vsRule))}
		x.Low, x.High = spread(vsPrior)
		l.Curve = append(l.Curve, x)
		switch {
		case x.VsPrior > better:
			l.MinutesToBetter = Unknown()
		case !l.MinutesToBetter.Known():
			l.MinutesToBetter = Figure(x.Minute)
		}
	}
	return l
}

func ratios(runs []shiftRun, of, over func(*shiftRun) float64) []float64 {
	var all []float64
	for i := range runs {
		all = append(all, of(&runs[i])/over(&runs[i]))
	}
	return all
}

// spread is the 95 % interval of the geometric mean by its standard error.
func spread(xs []float64) (low, high Figure) {
	if len(xs) < 2 {
		return Unknown(), Unknown()
	}
	mean := math.Log(geometric(xs))
	var squares float64
	for _, x := range xs {
		squares += (math.Log(x) - mean) * (math.Log(x) - mean)
	}
	e := 1.96 * math.Sqrt(squares/float64(len(xs)-1)/float64(len(xs)))
	return Figure(math.Exp(mean - e)), Figure(math.Exp(mean + e))
}

// worstTen is the greatest ratio of the seeds' summed costs to the rule's in a
// window.
func worstTen(runs []shiftRun, played func(*shiftRun) []block) Figure {
	costs, ruled := byBlock(runs, played), byBlock(runs, func(r *shiftRun) []block { return r.ruled })
	worst := Unknown()
	n := min(len(costs), len(ruled))
	for from := 0; from+min(windowBlocks, n) <= n && n > 0; from++ {
		to := from + min(windowBlocks, n)
		x := Figure(sum(costs[from:to]) / sum(ruled[from:to]))
		if x.Known() && (!worst.Known() || x > worst) {
			worst = x
		}
	}
	return worst
}

// byBlock sums the seeds' costs block by block.
func byBlock(runs []shiftRun, of func(*shiftRun) []block) []float64 {
	var costs []float64
	for i := range runs {
		blocks := pool(of(&runs[i]))
		if len(blocks) == 0 {
			continue
		}
		first := blocks[0].key
		for _, b := range blocks {
			for len(costs) <= b.key-first {
				costs = append(costs, 0)
			}
			costs[b.key-first] += b.cost
		}
	}
	return costs
}

// adaptGoals are the two goals for each shift: of the first learner.
func adaptGoals(shifts []Adapted) []Goal {
	var table []Goal
	for _, s := range shifts {
		l := &s.Learners[0]
		g := goal("adapts to "+s.Shift+": minutes until 3 % better than the prior", 30, l.MinutesToBetter)
		g.Note = fmt.Sprintf("at last %v of the prior; best threshold in hindsight %v (one for all seeds %v), clairvoyant %v; prior at %v of the rule",
			l.Final().VsPrior, s.Hindsight, s.Common, s.Clairvoyant, s.PriorVsRule)
		if !l.MinutesToBetter.Known() {
			g.Met = "missed"
		}
		worst := goal("the same: worst ten minutes / waiting-cost rule", 1.05, l.WorstTenMinutes)
		worst.Note = fmt.Sprintf("the frozen prior %v", s.PriorWorst)
		table = append(table, g, worst)
	}
	return table
}
