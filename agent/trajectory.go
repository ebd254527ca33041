package agent

import (
	"math"

	"rubato/env"
	"rubato/policy/train"
)

// trajectory gathers one query's steps into chunks.
type trajectory struct {
	building chunk
	// pending is the last step, whose consequence is not known yet.
	pending *transition
	scale   float64 // of the pending step's reward
	ret     float64 // discounted return so far, natural units
}

// arrive completes the pending step with what the tick tells of it. features
// are the tick's.
func (tr *trajectory) arrive(t *env.Tick, features []float64, l *learner) {
	if t.First {
		tr.cut(l)
		tr.ret = 0
		return
	}
	if tr.pending == nil {
		return
	}
	if !t.Teaches || !(t.Elapsed > 0) {
		tr.cut(l)
		return
	}
	p := tr.pending
	p.tau = t.Elapsed
	p.reward = -t.Observation.Weights.Cost(t.Discounted) / tr.scale
	if math.IsNaN(p.reward) || math.IsInf(p.reward, 0) || math.IsInf(p.tau, 0) {
		tr.cut(l)
		return
	}
	tr.pending = nil
	tr.ret = discount(p.tau)*tr.ret + p.reward
	l.scale.add(tr.ret)
	tr.building.steps = append(tr.building.steps, *p)
	if len(tr.building.steps) == ChunkLength {
		tr.finish(train.Narrow(features), l)
	}
}

// depart remembers the step just decided. logMu is its behaviour probability's.
func (tr *trajectory) depart(t *env.Tick, features []float64, action env.Action, logMu, shift float64, decisive bool) {
	tr.pending = &transition{
		features: train.Narrow(features), mask: t.Mask, action: action, logMu: logMu, shift: shift,
		decisive: decisive, horizon: creditHorizon(&t.Observation),
	}
	tr.scale = natural(&t.Observation)
}

// cut ends the chunk in the making: what follows is not its consequence. The
// pending step's state bootstraps.
func (tr *trajectory) cut(l *learner) {
	if tr.pending != nil && len(tr.building.steps) > 0 {
		tr.finish(tr.pending.features, l)
	}
	tr.building, tr.pending = chunk{}, nil
}

func (tr *trajectory) finish(last []float32, l *learner) {
	c := tr.building
	c.last = last
	tr.building = chunk{}
	l.take(&c)
}
