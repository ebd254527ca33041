package agent

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// Simulation draws a random query and the stream that it meets: an environment
// of one query that ends.
type Simulation func(rng *rand.Rand) env.Environment

const (
	cloneDecisions = 90000 // seen
	cloneSteps     = 4000  // of Adam
	cloneQueryCap  = 150   // decisions of one query
	cloneBatch     = 64
	cloneRandom    = 0.2  // share of random actions
	cloneLabel     = 0.96 // smoothed label of the teacher's action
	cloneRate      = 3e-3
	cloneLastRate  = 1e-4
	// cloneWaste is how many ticks a decision may take before giving up.
	cloneWaste = 20
)

// lesson is a decision of the teacher.
type lesson struct {
	features []float32
	mask     env.Mask
	label    env.Action
	ret      float64 // discounted return, natural units
}

// Clone returns a network that does what teacher does: behaviour cloning
// (Pomerleau 1989) on decisions of which a fifth are replaced by random ones,
// so that it also learns the way back, with smoothed labels, so that it
// explores. The critic is fitted to the discounted returns. The queries that
// simulate draws must span all that the clone is to meet. The same seed gives
// the same bits; it takes a few seconds of one core. What the clone's argmax
// costs next to its teacher on held-out queries is printed by
// go test ./agent -run TestTheClone -v.
func Clone(seed uint64, teacher policy.Policy, simulate Simulation) (*policy.Artefact, error) {
	return clone(seed, teacher, simulate, cloneDecisions, cloneSteps)
}

func clone(seed uint64, teacher policy.Policy, simulate Simulation, decisions, steps int) (*policy.Artefact, error) {
	rng := rand.New(rand.NewPCG(seed, 0xc10e))
	lessons, err := observeTeacher(rng, teacher, simulate, decisions)
	if err != nil {
		return nil, fmt.Errorf("clone %s: %w", teacher.ID(), err)
	}
	scale := typicalReturn(lessons)
	layout := policy.DefaultLayout()
	weights := layout.Initial(rng)
	if err := imitate(rng, layout, weights, lessons, scale, steps); err != nil {
		return nil, fmt.Errorf("clone %s: %w", teacher.ID(), err)
	}
	net, err := policy.NewNetwork(layout, weights)
	if err != nil {
		return nil, fmt.Errorf("clone %s: %w", teacher.ID(), err)
	}
	return &policy.Artefact{Network: net, ReturnScale: scale, Provenance: map[string]string{
		"method": "behaviour cloning", "teacher": teacher.ID(), "seed": strconv.FormatUint(seed, 10),
	}}, nil
}

func observeTeacher(rng *rand.Rand, teacher policy.Policy, simulate Simulation, decisions int) ([]lesson, error) {
	var lessons []lesson
	for ticks := 0; len(lessons) < decisions; {
		episode, n := watch(rng, teacher, simulate(rng))
		lessons = append(lessons, episode...)
		if ticks += n + 1; ticks > cloneWaste*decisions {
			return nil, fmt.Errorf("only %d decisions in %d ticks of the simulator", len(lessons), ticks)
		}
	}
	return lessons, nil
}

// watch lets the teacher drive one query, and returns its decisions with their
// discounted returns, and the number of ticks.
func watch(rng *rand.Rand, teacher policy.Policy, e env.Environment) (lessons []lesson, ticks int) {
	var (
		f             env.Features
		p             policy.Probabilities
		rewards, taus []float64
		scale         = 1.0
	)
	for ; len(lessons) < cloneQueryCap; ticks++ {
		t, ok := e.Next()
		if !ok {
			break
		}
		if len(lessons) > 0 {
			rewards = append(rewards, -t.Observation.Weights.Cost(t.Discounted)/scale)
			taus = append(taus, t.Elapsed)
		}
		t.Mask = policy.Sensible(&t.Observation, t.Mask)
		teacher.Probabilities(&t.Observation, t.Mask, &p)
		label := p.Argmax(t.Mask)
		action := label
		if rng.Float64() < cloneRandom {
			if a := env.Action(rng.IntN(env.NumActions)); t.Mask[a] {
				action = a
			}
		}
		if t.Teaches || len(lessons) > 0 {
			t.Observation.Features(&f)
			lessons = append(lessons, lesson{features: narrow(f[:]), mask: t.Mask, label: label})
			scale = natural(&t.Observation)
		}
		e.Act(t.Query, int(t.Observation.Rung)+action.Delta())
	}
	if len(rewards) == 0 {
		return nil, ticks
	}
	lessons = lessons[:len(rewards)]
	setReturns(lessons, rewards, taus)
	return lessons, ticks
}

// setReturns discounts backwards from the value of going on at the mean rate.
func setReturns(lessons []lesson, rewards, taus []float64) {
	var reward, time float64
	for i := range rewards {
		reward += rewards[i]
		time += taus[i]
	}
	ret := 0.0
	if time > 0 {
		ret = reward / time / env.DiscountRate
	}
	for i := len(rewards) - 1; i >= 0; i-- {
		ret = rewards[i] + discount(taus[i])*ret
		lessons[i].ret = ret
	}
}

// typicalReturn is the median size of a return: overloaded queries, a thousand
// times as dear, must not set the scale.
func typicalReturn(lessons []lesson) float64 {
	sizes := make([]float64, len(lessons))
	for i := range lessons {
		sizes[i] = math.Abs(lessons[i].ret)
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)/2], 1e-6)
}

// imitate steps weights towards the lessons by cross-entropy, and the critic
// towards the scaled returns by least squares.
func imitate(rng *rand.Rand, layout policy.Layout, weights []float64, lessons []lesson, scale float64, steps int) error {
	graph, err := train.NewGraph(layout, cloneBatch)
	if err != nil {
		return err
	}
	defer func() { _ = graph.Close() }() // frees memory only
	batch, grad, adam := train.NewBatch(layout, cloneBatch), make([]float64, layout.Size()), train.NewAdam(layout.Size())
	for step := range steps {
		for i := range cloneBatch {
			x := &lessons[rng.IntN(len(lessons))]
			widen(batch.Features[i*layout.Inputs:(i+1)*layout.Inputs], x.features)
			batch.Mask[i] = x.mask
			label(batch.Pick[i*env.NumActions:(i+1)*env.NumActions], x)
			batch.Target[i], batch.Fit[i] = scaled(x.ret, scale), 1.0/cloneBatch
		}
		if _, err := graph.Gradient(weights, batch, grad); err != nil {
			return err
		}
		train.ClipNorm(grad[:layout.ActorSize()], normLimit)
		train.ClipNorm(grad[layout.ActorSize():], normLimit)
		rate := cosine(cloneRate, cloneLastRate, float64(step)/float64(steps))
		adam.Update(weights, grad, layout.ActorSize(), rate, rate)
	}
	return nil
}

// label spreads what the teacher's action leaves over the other allowed ones.
func label(pick []float64, x *lesson) {
	others := 0
	for _, ok := range x.mask {
		if ok {
			others++
		}
	}
	others--
	for a, ok := range x.mask {
		switch {
		case !ok:
			pick[a] = 0
		case others == 0:
			pick[a] = 1.0 / cloneBatch
		case env.Action(a) == x.label:
			pick[a] = cloneLabel / cloneBatch
		default:
			pick[a] = (1 - cloneLabel) / float64(others) / cloneBatch
		}
	}
}

// cosine goes from first to last as x goes from 0 to 1.
func cosine(first, last, x float64) float64 {
	return last + (first-last)*(1+math.Cos(math.Pi*x))/2
}
