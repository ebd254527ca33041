package agent

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"rubato/agent/threshold"
	"rubato/env"
	"rubato/policy"
	"rubato/policy/rules"
	"rubato/replay"
)

// Mode is what a group's policy may do.
type Mode string

// The modes.
const (
	// Observe decides and commands nothing.
	Observe Mode = "observe"
	// Learn samples, commands, and updates the policy.
	Learn Mode = "learn"
	// Serve commands the argmax of a frozen policy.
	Serve Mode = "serve"
)

// Learned is the PolicyName of the network.
const Learned = "learned"

// What can be wrong with a group's configuration.
var (
	// ErrMode: the mode is none of the three.
	ErrMode = errors.New("unknown mode")
	// ErrPolicy: neither "learned" nor a rule.
	ErrPolicy = errors.New("unknown policy")
	// ErrNoArtefact: a learned policy has nothing to start from.
	ErrNoArtefact = errors.New("no policy to start from")
)

// GroupConfig is a group of queries that share a policy.
type GroupConfig struct {
	Name string
	Mode Mode
	// PolicyName is Learned or a rule's name. A rule never learns: learn mode
	// commands it like serve mode.
	PolicyName string
	// Artefact is the policy of serve mode, and what learn mode starts from
	// when it has no learner yet. In serve mode it may be nil where the group
	// has a learner, whose policy then serves as it stands.
	Artefact *policy.Artefact
	// ActorRate is Adam's step size for the actor of a learner to be made; 0
	// means DefaultActorRate. A learner that there is keeps its own.
	ActorRate float64
	// Seed seeds exploration and replay.
	Seed uint64
}

// Loop decides for all queries, in the order of their ticks. It is a pure
// function of its configuration, its state, the ticks, and Late's answers.
type Loop struct {
	// Late is asked at the step at which a group's update is due, with whether
	// it is ready; true puts it off by Delay steps. For a search for a threshold,
	// put off by searchDelay, the group's name has searchLate before it. Nil waits.
	Late func(group string, ready bool) bool
	// Settings tell what is asked of a query; learn mode searches thresholds for
	// those that it knows. Nil knows none.
	Settings func(env.QueryKey) (env.Settings, bool)
	// Commanding is switched off while catching up on messages that were
	// missed: steps are decided and logged as in observe mode.
	Commanding bool

	groups []*group
	// gone are groups that are not configured any more, by name, with what they
	// learnt.
	gone     map[string]*group
	groupOf  func(env.QueryKey) int
	queries  map[env.QueryKey]*query
	index    uint64
	features env.Features
	step     replay.Step
}

// group is a GroupConfig at work.
type group struct {
	cfg      GroupConfig
	rule     policy.Policy // nil where the network acts
	served   *policy.Network
	shield   *policy.Shield
	learner  *learner
	searcher searcher
}

// query is what the loop knows of one query.
type query struct {
	group  int
	held   bool
	shield policy.ShieldState
	traj   trajectory
	tuned  tuned
}

// NewLoop returns a loop without groups; it must be configured before it steps.
func NewLoop() *Loop {
	return &Loop{Commanding: true, queries: map[env.QueryKey]*query{}}
}

// Serving returns a loop that serves the artefact to every query, as serve mode
// does.
func Serving(a *policy.Artefact) (*Loop, error) {
	l := NewLoop()
	g := GroupConfig{Name: "served", Mode: Serve, PolicyName: Learned, Artefact: a}
	if err := l.Configure([]GroupConfig{g}, func(env.QueryKey) int { return 0 }); err != nil {
		return nil, fmt.Errorf("serve the policy: %w", err)
	}
	return l, nil
}

// Configure sets the groups; groupOf places a query in one of them, by index,
// which it must always find. It may be called again between two steps: a group
// keeps its learner, by name, through changes of its mode and policy, and while it
// is left out. On an error nothing changes.
func (l *Loop) Configure(configs []GroupConfig, groupOf func(env.QueryKey) int) error {
	old := map[string]*group{}
	maps.Copy(old, l.gone)
	for _, g := range l.groups {
		old[g.cfg.Name] = g
	}
	groups := make([]*group, len(configs))
	for i, cfg := range configs {
		g, err := newGroup(cfg, old[cfg.Name])
		if err != nil {
			return fmt.Errorf("configure group %q: %w", cfg.Name, err)
		}
		groups[i] = g
	}
	for _, g := range groups {
		delete(old, g.cfg.Name)
	}
	l.leave(old)
	before := l.groups
	l.groups, l.groupOf = groups, groupOf
	for key, q := range l.queries { // order does not matter: each by itself
		was := before[q.group]
		if q.group = groupOf(key); groups[q.group].learner != was.learner || !groups[q.group].learning() {
			q.traj = trajectory{}
			if was.learner != nil && groups[q.group].learner != was.learner {
				was.searcher.left[key] = q.tuned.shift
			}
			q.tuned = tuned{shift: groups[q.group].shift(key, q.tuned.shift)}
		}
	}
	return nil
}

// mostGone bounds the learners that are kept of groups that are gone.
const mostGone = 16

// leave keeps the learners of groups that are configured no more; of too many,
// those that learnt from the most steps.
func (l *Loop) leave(groups map[string]*group) {
	left := slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.taught(), a.taught()), cmp.Compare(a.cfg.Name, b.cfg.Name))
	})
	l.gone = map[string]*group{}
	for _, g := range left {
		if g.learner == nil || len(l.gone) == mostGone {
			g.close()
			continue
		}
		l.gone[g.cfg.Name] = &group{cfg: GroupConfig{Name: g.cfg.Name}, learner: g.learner, searcher: g.searcher}
	}
}

// taught is the number of steps that the group's learner saw.
func (g *group) taught() uint64 {
	if g.learner == nil {
		return 0
	}
	return g.learner.steps
}

func newGroup(cfg GroupConfig, old *group) (*group, error) {
	g := &group{cfg: cfg}
	if cfg.Mode != Observe && cfg.Mode != Learn && cfg.Mode != Serve {
		return nil, fmt.Errorf("mode %q: %w", cfg.Mode, ErrMode)
	}
	g.shield = policy.NewShield(rules.WaitingCost{Threshold: rules.DefaultThreshold})
	if old != nil {
		g.learner, g.searcher = old.learner, old.searcher
	}
	if cfg.PolicyName != Learned {
		rule, ok := rules.Lookup(cfg.PolicyName)
		if !ok {
			return nil, fmt.Errorf("policy %q: %w", cfg.PolicyName, ErrPolicy)
		}
		g.rule = rule()
		return g, nil
	}
	if cfg.Artefact == nil && g.learner == nil {
		return nil, fmt.Errorf("%s mode with a learned policy: %w", cfg.Mode, ErrNoArtefact)
	}
	if cfg.Artefact != nil {
		g.served = cfg.Artefact.Network.Clone()
	}
	if cfg.Mode == Learn && g.learner == nil {
		g.learner = newLearner(cfg.ActorRate, cfg.Artefact, cfg.Seed)
		g.searcher.left = make(map[env.QueryKey]float64)
	}
	return g, nil
}

// learning tells whether the group's steps are learnt from.
func (g *group) learning() bool { return g.cfg.Mode == Learn && g.rule == nil }

// network is the network that acts: the learner's, unless a frozen one serves.
func (g *group) network() *policy.Network {
	if g.learner != nil && (g.cfg.Mode != Serve || g.served == nil) {
		return g.learner.net
	}
	return g.served
}

// start is where the threshold of a query that is new stands.
func (g *group) start(q env.QueryKey) float64 {
	if g.cfg.Artefact == nil {
		return 0
	}
	return g.cfg.Artefact.ThresholdShifts[string(q)]
}

// shift is where the threshold of a query that comes to the group stands: as it
// was frozen, as it was learnt when the query was here before, or as it was learnt
// elsewhere.
func (g *group) shift(q env.QueryKey, learnt float64) float64 {
	if g.cfg.Artefact != nil && (g.cfg.Mode == Serve || g.learner == nil) {
		return g.cfg.Artefact.ThresholdShifts[string(q)]
	}
	if shift, ok := g.searcher.left[q]; ok {
		delete(g.searcher.left, q)
		return shift
	}
	return learnt
}

func (g *group) close() {
	g.searcher.close()
	if g.learner != nil {
		g.learner.close()
	}
}

// kept are the groups that are configured, and those that are gone but kept.
func (l *Loop) kept() []*group {
	return slices.AppendSeq(slices.Clone(l.groups), maps.Values(l.gone))
}

// Close ends the learners' goroutines. The loop must not step afterwards.
func (l *Loop) Close() {
	for _, g := range l.kept() {
		g.close()
	}
}

// Hold leaves a query alone until Release: its steps are decided and logged as
// in observe mode.
func (l *Loop) Hold(q env.QueryKey) { l.query(q).held = true }

// Release ends a Hold.
func (l *Loop) Release(q env.QueryKey) { l.query(q).held = false }

// Held tells whether the query is held.
func (l *Loop) Held(q env.QueryKey) bool { return l.queries[q] != nil && l.queries[q].held }

// Forget drops what was learnt of queries that are not known any more, but for
// those held.
func (l *Loop) Forget(known func(env.QueryKey) bool) {
	maps.DeleteFunc(l.queries, func(k env.QueryKey, q *query) bool { return !q.held && !known(k) })
	for _, g := range l.kept() {
		maps.DeleteFunc(g.searcher.left, func(k env.QueryKey, _ float64) bool { return !known(k) })
	}
}

func (l *Loop) query(key env.QueryKey) *query {
	q := l.queries[key]
	if q == nil {
		q = &query{group: l.groupOf(key)}
		q.tuned.shift = l.groups[q.group].start(key)
		l.queries[key] = q
	}
	return q
}

// Run decides on every tick that e has. record, which may be nil, gets each
// step before it is commanded; the step is valid during the call.
func (l *Loop) Run(e env.Environment, record func(*replay.Step)) {
	for {
		t, ok := e.Next()
		if !ok {
			return
		}
		s, command := l.Step(&t)
		if record != nil {
			record(s)
		}
		if command {
			e.Act(t.Query, s.Rung)
		}
	}
}

// Step decides on one tick. The step it returns is valid until the next call;
// command tells whether its rung is to be commanded. For a network t's mask is
// narrowed to what is sensible. It allocates nothing unless the group learns.
func (l *Loop) Step(t *env.Tick) (s *replay.Step, command bool) {
	q := l.query(t.Query)
	g := l.groups[q.group]
	command = l.Commanding && !q.held && g.cfg.Mode != Observe
	l.index++
	if g.rule == nil {
		t.Mask = policy.Sensible(&t.Observation, t.Mask)
	}
	s = &l.step
	*s = replay.Step{
		Index: l.index, Query: t.Query, Run: t.Run, Group: g.cfg.Name, Mode: string(g.cfg.Mode),
		At: t.At, Cause: t.Cause, Arrived: t.Arrived, Elapsed: t.Elapsed, Cost: t.Cost, Discounted: t.Discounted,
		First: t.First, Teaches: t.Teaches, Observation: t.Observation, Mask: t.Mask,
	}
	if !command {
		s.Mode = string(Observe)
	}
	switch {
	case g.learning():
		l.learn(g, q, t, s, command)
	case g.rule != nil:
		g.rule.Probabilities(&t.Observation, t.Mask, &s.Probabilities)
		s.Policy = g.rule.ID()
		l.execute(g, q, t, s, s.Probabilities.Argmax(t.Mask))
	default:
		n := g.network()
		n.Probabilities(&t.Observation, t.Mask, &s.Probabilities)
		threshold.Move(&s.Probabilities, t.Mask, q.tuned.shift)
		s.Policy = n.ID()
		l.execute(g, q, t, s, s.Probabilities.Argmax(t.Mask))
	}
	return s, command
}

// learn is a step of learn mode: the update and the threshold that are due, what
// came of the step before, the decision, and the launch of what comes next.
func (l *Loop) learn(g *group, q *query, t *env.Tick, s *replay.Step, command bool) {
	n := g.learner
	n.begin(g.cfg.Name, l.Late)
	g.searcher.take(l, g.cfg.Name, t)
	g.searcher.see(q, t)
	t.Observation.Features(&l.features)
	q.traj.arrive(t, l.features[:], n)
	n.net.Act(l.features[:], t.Mask, &s.Probabilities)
	threshold.Move(&s.Probabilities, t.Mask, q.tuned.shift)
	s.Policy = n.net.ID()
	if !command {
		q.traj.cut(n)
		l.execute(g, q, t, s, s.Probabilities.Argmax(t.Mask))
	} else {
		l.execute(g, q, t, s, s.Probabilities.Sample(n.rng.Float64()))
		forced := s.Verdict != 0
		var logMu float64
		if !forced {
			logMu = math.Log(s.Probabilities[s.Action])
		}
		q.traj.depart(t, l.features[:], s.Action, logMu, q.tuned.shift, !forced && !inert(t.Mask))
	}
	n.end()
	if command {
		g.searcher.begin(l, n.net, q, t)
	}
}

// execute puts the proposed action through the shield.
func (l *Loop) execute(g *group, q *query, t *env.Tick, s *replay.Step, proposed env.Action) {
	s.Proposed = proposed
	s.Action, s.Verdict = g.shield.Check(t, &s.Probabilities, proposed, &q.shield)
	if s.Verdict&policy.VerdictNaN != 0 {
		s.Probabilities = policy.Probabilities{} // what is no number is not logged
	}
	s.Rung = int(t.Observation.Rung) + s.Action.Delta()
}
