package tournament

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/rules"
)

const (
	// better is the ratio to the prior at which a snapshot counts as adapted.
	better = 0.97
	// windowBlocks blocks make the ten minutes that are compared with the rule.
	windowBlocks = 600 / BlockSeconds
	// evaluation is how long a snapshot is judged, apart from where it learns.
	evaluation = 20 * time.Minute
	// apartFrom keeps the seeds of evaluation from those of learning.
	apartFrom = 1 << 16
)

// hindsight are the shifts of the threshold of which the best one is chosen.
var hindsight = [...]float64{-1, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1}

// AdaptOptions say how adaptation is measured.
type AdaptOptions struct {
	// Policy is the prior that learn mode starts from.
	Policy *policy.Artefact
	Shifts []Shift
	// Seeds is how many learners there are for each shift, Length how long
	// each learns, Every the time between its snapshots.
	Seeds         int
	Length, Every time.Duration
	Workers       int
	Progress      func(done, total int)
}

// Adaptation is how learn mode fared on each shift.
type Adaptation struct {
	Command string    `json:"command,omitempty"`
	Policy  string    `json:"policy"`
	Seeds   int       `json:"seeds"`
	Minutes float64   `json:"minutes"`
	Shifts  []Adapted `json:"shifts"`
	Goals   []Goal    `json:"goals"`
}

// Adapted is one shift's outcome, over all seeds.
type Adapted struct {
	Shift string `json:"shift"`
	About string `json:"about"`
	// PriorVsRule is the frozen prior's cost over that of the waiting-cost rule,
	// on the arrivals that snapshots are judged on.
	PriorVsRule Figure `json:"priorVsRule"`
	// Hindsight is what the prior with its threshold moved costs over the prior,
	// where the best of a grid of shifts was chosen knowing these arrivals;
	// Clairvoyant what the optimal plan for the known future costs. No adapted
	// threshold, and nothing at all, can be expected to do better.
	Hindsight   Figure `json:"hindsight"`
	Clairvoyant Figure `json:"clairvoyant"`
	// MinutesToBetter is the stream time of the first snapshot that is 3 % better
	// than the prior and is followed by none that is not, unknown where there is
	// none; Final the last one's ratio.
	MinutesToBetter Figure `json:"minutesToBetter"`
	Final           Figure `json:"final"`
	// WorstTenMinutes is the greatest ratio, over windows of ten minutes, of
	// the mean cost of the learner as it learns to that of the rule.
	// PriorWorst is the same of the frozen prior, on the same arrivals.
	WorstTenMinutes Figure     `json:"worstTenMinutes"`
	PriorWorst      Figure     `json:"priorWorstTenMinutes"`
	Curve           []Snapshot `json:"curve"`
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

// learner is one seed of one shift.
type learnerRun struct {
	learnt          []block // live, and prior and rule on the same arrivals
	frozen, ruled   []block
	prior, rule     float64 // cost rates on the arrivals of evaluation
	clairvoyant     float64
	moved           [len(hindsight)]float64 // the prior with its threshold moved
	snapshots       []float64
	snapshotMinutes []float64
}

// Adapt measures adaptation. It ends early when ctx is done.
func Adapt(ctx context.Context, o AdaptOptions) (*Adaptation, error) {
	if o.Policy == nil || len(o.Shifts) == 0 || o.Seeds < 1 || o.Every <= 0 || o.Length < o.Every {
		return nil, fmt.Errorf("%d shifts, %d seeds, %v in snapshots of %v: %w", len(o.Shifts), o.Seeds, o.Length, o.Every, ErrNothing)
	}
	runs := make([]learnerRun, len(o.Shifts)*o.Seeds)
	var done atomic.Int64
	err := parallel(ctx, o.Workers, len(runs), func(ctx context.Context, i int) error {
		err := runs[i].run(ctx, &o, o.Shifts[i/o.Seeds], i%o.Seeds)
		if err == nil && o.Progress != nil {
			o.Progress(int(done.Add(1)), len(runs))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a := &Adaptation{Policy: policyID(o.Policy), Seeds: o.Seeds, Minutes: o.Length.Minutes()}
	for i, s := range o.Shifts {
		a.Shifts = append(a.Shifts, adapted(s, runs[i*o.Seeds:][:o.Seeds]))
	}
	a.Goals = adaptGoals(a.Shifts)
	return a, nil
}

// run lets one learner learn, and judges its snapshots.
func (r *learnerRun) run(ctx context.Context, o *AdaptOptions, s Shift, seed int) error {
	rule, ok := rules.Find(WaitingRule)
	if !ok {
		return fmt.Errorf("rule %q: %w", WaitingRule, ErrUnknown)
	}
	live, err := newBout(s.Cell, seed, o.Length)
	if err != nil {
		return err
	}
	p, err := newLearningPlayer(o, live, seed)
	if err != nil {
		return err
	}
	defer p.loop.Close()
	out, err := live.play(p, false)
	if err != nil {
		return err
	}
	if p.err != nil {
		return p.err
	}
	r.learnt = out.blocks
	frozen, err := newPolicyPlayer(o.Policy)
	if err != nil {
		return err
	}
	if out, err = live.play(frozen, false); err != nil {
		return err
	}
	r.frozen = out.blocks
	byRule, err := newRulePlayer(live, rule, rule.Values())
	if err != nil {
		return err
	}
	if out, err = live.play(byRule, true); err != nil {
		return err
	}
	r.ruled = out.blocks
	return r.judge(ctx, o, s, seed, rule, p)
}

// judge plays rule, prior and snapshots on arrivals that the learner never met.
func (r *learnerRun) judge(ctx context.Context, o *AdaptOptions, s Shift, seed int, rule rules.Entry, p *learningPlayer) error {
	b, err := newBout(s.Cell, apartFrom+seed, evaluation)
	if err != nil {
		return err
	}
	byRule, err := newRulePlayer(b, rule, rule.Values())
	if err != nil {
		return err
	}
	if r.rule, err = b.cost(byRule, true); err != nil {
		return err
	}
	served := func(a *policy.Artefact) (float64, error) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		p, err := newPolicyPlayer(a)
		if err != nil {
			return 0, err
		}
		return b.cost(p, false)
	}
	if r.prior, err = served(o.Policy); err != nil {
		return err
	}
	if err := r.limits(b, o.Policy, served); err != nil {
		return err
	}
	for i, a := range p.snapshots {
		c, err := served(a)
		if err != nil {
			return err
		}
		r.snapshots = append(r.snapshots, c)
		r.snapshotMinutes = append(r.snapshotMinutes, o.Every.Minutes()*float64(i+1))
	}
	return nil
}

// limits plays what could at best be reached.
func (r *learnerRun) limits(b *bout, prior *policy.Artefact, served func(*policy.Artefact) (float64, error)) error {
	for i, shift := range hindsight {
		a := *prior
		a.Thresholds = map[string]float64{}
		for q := range b.index {
			a.Thresholds[string(q)] = shift
		}
		var err error
		if r.moved[i], err = served(&a); err != nil {
			return err
		}
	}
	p, err := newClairvoyantPlayer(b)
	if err != nil {
		return err
	}
	r.clairvoyant, err = b.cost(p, true)
	return err
}

// cost is the cost rate of a player over the whole bout.
func (b *bout) cost(p player, plain bool) (float64, error) {
	out, err := b.play(p, plain)
	if err != nil {
		return 0, err
	}
	return rate(out.blocks), nil
}

// learningPlayer is learn mode, frozen every so often.
type learningPlayer struct {
	loop      *agent.Loop
	every     env.Time
	snapshots []*policy.Artefact
	err       error
}

func newLearningPlayer(o *AdaptOptions, b *bout, seed int) (*learningPlayer, error) {
	l := agent.NewLoop()
	err := l.Configure([]agent.GroupConfig{{
		Name: "tournament", Mode: agent.Learn, PolicyName: agent.Learned, Artefact: o.Policy, Seed: uint64(seed),
	}}, func(env.QueryKey) int { return 0 })
	if err != nil {
		return nil, fmt.Errorf("learn from the prior: %w", err)
	}
	l.Settings = func(q env.QueryKey) (env.Settings, bool) { return b.driver.Queries[b.index[q]].Settings, true }
	return &learningPlayer{loop: l, every: env.Time(o.Every)}, nil
}

func (p *learningPlayer) act(s *sim.Sim, t *env.Tick) bool {
	for t.At >= env.Time(len(p.snapshots)+1)*p.every {
		a, err := p.loop.Freeze("tournament")
		if err != nil {
			p.err = err
			return false
		}
		p.snapshots = append(p.snapshots, a)
	}
	step, command := p.loop.Step(t)
	if command {
		s.Act(t.Query, step.Rung)
	}
	return step.Verdict != 0
}

// adapted joins the seeds of a shift.
func adapted(s Shift, runs []learnerRun) Adapted {
	a := Adapted{
		Shift: s.Name, About: s.About, MinutesToBetter: Unknown(), Final: Unknown(), Hindsight: Unknown(),
		WorstTenMinutes: worstTen(runs, func(r *learnerRun) []block { return r.learnt }),
		PriorWorst:      worstTen(runs, func(r *learnerRun) []block { return r.frozen }),
	}
	mean := func(of, over func(*learnerRun) float64) Figure {
		var ratios []float64
		for i := range runs {
			ratios = append(ratios, of(&runs[i])/over(&runs[i]))
		}
		return Figure(geometric(ratios))
	}
	snapshots := math.MaxInt
	for i := range runs {
		snapshots = min(snapshots, len(runs[i].snapshots))
	}
	prior := func(r *learnerRun) float64 { return r.prior }
	a.PriorVsRule = mean(prior, func(r *learnerRun) float64 { return r.rule })
	a.Clairvoyant = mean(func(r *learnerRun) float64 { return r.clairvoyant }, prior)
	for k := range hindsight {
		if x := mean(func(r *learnerRun) float64 { return r.moved[k] }, prior); !a.Hindsight.Known() || x < a.Hindsight {
			a.Hindsight = x
		}
	}
	for k := range snapshots {
		var vsPrior, vsRule []float64
		for i := range runs {
			vsPrior = append(vsPrior, runs[i].snapshots[k]/runs[i].prior)
			vsRule = append(vsRule, runs[i].snapshots[k]/runs[i].rule)
		}
		x := Snapshot{Minute: runs[0].snapshotMinutes[k], VsPrior: Figure(geometric(vsPrior)), VsRule: Figure(geometric(vsRule))}
		x.Low, x.High = spread(vsPrior)
		a.Curve = append(a.Curve, x)
		a.Final = x.VsPrior
		switch {
		case x.VsPrior > better:
			a.MinutesToBetter = Unknown()
		case !a.MinutesToBetter.Known():
			a.MinutesToBetter = Figure(x.Minute)
		}
	}
	return a
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
func worstTen(runs []learnerRun, played func(*learnerRun) []block) Figure {
	byBlock := func(of func(*learnerRun) []block) []float64 {
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
	learnt := byBlock(played)
	ruled := byBlock(func(r *learnerRun) []block { return r.ruled })
	worst := Unknown()
	n := min(len(learnt), len(ruled))
	for from := 0; from+min(windowBlocks, n) <= n && n > 0; from++ {
		to := from + min(windowBlocks, n)
		x := Figure(sum(learnt[from:to]) / sum(ruled[from:to]))
		if x.Known() && (!worst.Known() || x > worst) {
			worst = x
		}
	}
	return worst
}

// adaptGoals are the two goals for each shift.
func adaptGoals(shifts []Adapted) []Goal {
	var table []Goal
	for _, s := range shifts {
		g := goal("adapts to "+s.Shift+": minutes until 3 % better than the prior", 30, s.MinutesToBetter)
		g.Note = fmt.Sprintf("last snapshot at %v of the prior; threshold in hindsight %v, clairvoyant %v; prior at %v of the rule",
			s.Final, s.Hindsight, s.Clairvoyant, s.PriorVsRule)
		if !s.MinutesToBetter.Known() {
			g.Met = "missed"
		}
		worst := goal("the same: worst ten minutes / waiting-cost rule", 1.05, s.WorstTenMinutes)
		worst.Note = fmt.Sprintf("the frozen prior %v", s.PriorWorst)
		table = append(table, g, worst)
	}
	return table
}
