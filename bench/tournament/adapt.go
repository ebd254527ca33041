package tournament

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync/atomic"
	"time"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/internal/parallel"
	"rubato/policy"
	"rubato/policy/rules"
)

const (
	// evaluation is how long a snapshot is judged, apart from where it learns.
	evaluation = 20 * time.Minute
	// apartFrom keeps the arrivals of evaluation from those of learning.
	apartFrom = 1 << 16
)

// hindsight are the shifts of the threshold of which the best one is chosen.
var hindsight = [...]float64{-1, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1}

// Learner is a way to learn.
type Learner struct {
	Name string
	// ActorRate is the step size of the actor's gradient, Searches tells whether
	// thresholds are searched for.
	ActorRate float64
	Searches  bool
}

// still is a step size by which no weight moves.
const still = math.SmallestNonzeroFloat64

// Learners are learn mode as it ships, first, and what it is made of.
func Learners() []Learner {
	shipped := agent.DefaultActorRate // no constant: ten of it is rounded
	return []Learner{
		{"as shipped", shipped, true},
		{"search alone", still, true},
		{"gradient alone", shipped, false},
		{"gradient alone, steps x10", 10 * shipped, false},
	}
}

// AdaptOptions say how adaptation is measured.
type AdaptOptions struct {
	// Policy is the prior that learn mode starts from.
	Policy   *policy.Artefact
	Shifts   []Shift
	Learners []Learner
	// Seeds is how often each learner plays each shift, Length how long
	// it learns, Every the time between its snapshots.
	Seeds         int
	Length, Every time.Duration
	Workers       int
	Progress      func(done, total int)
}

// shiftRun is one seed of one shift.
type shiftRun struct {
	frozen, ruled []block // prior and rule, on the arrivals that are learnt from
	prior, rule   float64 // cost rates on the arrivals of evaluation
	clairvoyant   float64
	moved         [len(hindsight)]float64 // the prior with its threshold moved
	learners      []learnerRun
}

// learnerRun is what one learner made of it.
type learnerRun struct {
	learnt    []block   // as it learnt
	snapshots []float64 // cost rates on the arrivals of evaluation
}

// Adapt measures adaptation. It ends early when ctx is done.
func Adapt(ctx context.Context, o AdaptOptions) (*Adaptation, error) {
	if o.Policy == nil || len(o.Shifts)*len(o.Learners) == 0 || o.Seeds < 1 || o.Every <= 0 || o.Length < o.Every {
		return nil, fmt.Errorf("%d shifts, %d learners, %d seeds, %v in snapshots of %v: %w",
			len(o.Shifts), len(o.Learners), o.Seeds, o.Length, o.Every, ErrNothing)
	}
	runs := make([]shiftRun, len(o.Shifts)*o.Seeds)
	var done atomic.Int64
	err := parallel.Do(ctx, o.Workers, len(runs), func(ctx context.Context, i int) error {
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
		a.Shifts = append(a.Shifts, adapted(&o, s, runs[i*o.Seeds:][:o.Seeds]))
	}
	a.Goals = adaptGoals(a.Shifts)
	return a, nil
}

// run plays one seed: prior and rule, and each learner on the same arrivals,
// whose snapshots are judged on others.
func (r *shiftRun) run(ctx context.Context, o *AdaptOptions, s Shift, seed int) error {
	rule, ok := rules.Find(WaitingRule)
	if !ok {
		return fmt.Errorf("rule %q: %w", WaitingRule, ErrUnknown)
	}
	live, err := newBout(s.Cell, seed, o.Length)
	if err != nil {
		return err
	}
	frozen, err := newPolicyPlayer(o.Policy)
	if err != nil {
		return err
	}
	if r.frozen, err = live.blocks(frozen, false); err != nil {
		return err
	}
	byRule, err := newRulePlayer(live, rule, rule.Values())
	if err != nil {
		return err
	}
	if r.ruled, err = live.blocks(byRule, true); err != nil {
		return err
	}
	apart, err := newBoutAgain(s.Cell, seed, apartFrom, evaluation)
	if err != nil {
		return err
	}
	if byRule, err = newRulePlayer(apart, rule, rule.Values()); err != nil {
		return err
	}
	if r.rule, err = apart.cost(byRule, true); err != nil {
		return err
	}
	if err := r.limits(ctx, apart, o.Policy); err != nil {
		return err
	}
	r.learners = make([]learnerRun, len(o.Learners))
	for i, l := range o.Learners {
		if err := r.learners[i].run(ctx, o, l, live, apart, seed); err != nil {
			return fmt.Errorf("learner %q: %w", l.Name, err)
		}
	}
	return nil
}

// limits plays the prior, and what could at best be reached.
func (r *shiftRun) limits(ctx context.Context, apart *bout, prior *policy.Artefact) (err error) {
	if r.prior, err = apart.served(ctx, prior); err != nil {
		return err
	}
	for i, shift := range hindsight {
		a := *prior
		a.ThresholdShifts = map[string]float64{}
		for q := range apart.index {
			a.ThresholdShifts[string(q)] = shift
		}
		if r.moved[i], err = apart.served(ctx, &a); err != nil {
			return err
		}
	}
	p, err := newClairvoyantPlayer(apart)
	if err != nil {
		return err
	}
	r.clairvoyant, err = apart.cost(p, true)
	return err
}

// run lets l learn, and judges its snapshots.
func (r *learnerRun) run(ctx context.Context, o *AdaptOptions, l Learner, live, apart *bout, seed int) error {
	p, err := newLearningPlayer(o, l, live, seed)
	if err != nil {
		return err
	}
	defer p.loop.Close()
	if r.learnt, err = live.blocks(p, false); err != nil {
		return err
	}
	for p.err == nil && len(p.snapshots) < int(o.Length/o.Every) {
		p.snapshot() // at the end
	}
	if p.err != nil {
		return p.err
	}
	for i, a := range p.snapshots {
		if i > 0 && same(a, p.snapshots[i-1]) {
			r.snapshots = append(r.snapshots, r.snapshots[i-1])
			continue
		}
		c, err := apart.served(ctx, a)
		if err != nil {
			return err
		}
		r.snapshots = append(r.snapshots, c)
	}
	return nil
}

// same tells whether two snapshots decide alike.
func same(a, b *policy.Artefact) bool {
	return a.Network.ID() == b.Network.ID() && maps.Equal(a.ThresholdShifts, b.ThresholdShifts)
}

// served is the cost rate of a over the whole bout.
func (b *bout) served(ctx context.Context, a *policy.Artefact) (float64, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	p, err := newPolicyPlayer(a)
	if err != nil {
		return 0, err
	}
	return b.cost(p, false)
}

// cost is the cost rate of a player over the whole bout.
func (b *bout) cost(p player, plain bool) (float64, error) {
	blocks, err := b.blocks(p, plain)
	if err != nil {
		return 0, err
	}
	return rate(blocks), nil
}

// blocks are what a player's whole bout cost.
func (b *bout) blocks(p player, plain bool) ([]block, error) {
	out, err := b.play(p, plain)
	if err != nil {
		return nil, err
	}
	return out.blocks, nil
}

// learningPlayer is learn mode, frozen every so often.
type learningPlayer struct {
	loop      *agent.Loop
	every     env.Time
	snapshots []*policy.Artefact
	err       error
}

func newLearningPlayer(o *AdaptOptions, how Learner, b *bout, seed int) (*learningPlayer, error) {
	l := agent.NewLoop()
	err := l.Configure([]agent.GroupConfig{{
		Name: "tournament", Mode: agent.Learn, PolicyName: agent.Learned, Artefact: o.Policy, Seed: uint64(seed),
		ActorRate: how.ActorRate,
	}}, func(env.QueryKey) int { return 0 })
	if err != nil {
		return nil, fmt.Errorf("learn from the prior: %w", err)
	}
	if how.Searches {
		l.Settings = func(q env.QueryKey) (env.Settings, bool) { return b.driver.Queries[b.index[q]].Settings, true }
	}
	return &learningPlayer{loop: l, every: env.Time(o.Every)}, nil
}

// snapshot freezes what was learnt.
func (p *learningPlayer) snapshot() {
	var a *policy.Artefact
	if a, p.err = p.loop.Freeze("tournament"); p.err == nil {
		p.snapshots = append(p.snapshots, a)
	}
}

func (p *learningPlayer) act(s *sim.Sim, t *env.Tick) bool {
	for p.err == nil && t.At >= env.Time(len(p.snapshots)+1)*p.every {
		p.snapshot()
	}
	step, command := p.loop.Step(t)
	if command {
		s.Act(t.Query, step.Rung)
	}
	return step.Verdict != 0
}
