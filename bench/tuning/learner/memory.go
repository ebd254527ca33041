package learner

import (
	"math"
	"slices"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// blockSize is the features of one moment, and ln(1 + its age, s).
const blockSize = env.NumFeatures + 1

// view is what of the past is looked at beside now: so many ticks, and ends of
// triggers, the latest first.
type view struct {
	Ticks, Ends int
}

// widest is what samples keep.
var widest = view{Ticks: 8, Ends: 8}

func (v view) size() int { return (1 + v.Ticks + v.Ends) * blockSize }

// of cuts the view out of a sample of the widest.
func (v view) of(dst []float64, x []float32) []float64 {
	dst = dst[:v.size()]
	train.Widen(dst, x[:(1+v.Ticks)*blockSize])
	train.Widen(dst[(1+v.Ticks)*blockSize:], x[(1+widest.Ticks)*blockSize:][:v.Ends*blockSize])
	return dst
}

// memory keeps what a view needs of every query.
type memory struct {
	view view
	past map[env.QueryKey]*past
}

func newMemory(v view) *memory { return &memory{view: v, past: map[env.QueryKey]*past{}} }

type past struct {
	start       env.Time // of the last trigger
	now         moment
	ticks, ends []moment
}

type moment struct {
	at       env.Time
	features env.Features
}

// see takes a tick in.
func (m *memory) see(t *env.Tick) {
	p := m.past[t.Query]
	if p == nil {
		p = &past{start: math.MinInt64 / 2} // before any
		m.past[t.Query] = p
	} else {
		p.ticks = push(p.ticks, p.now, m.view.Ticks)
	}
	p.now.at = t.At
	t.Observation.Features(&p.now.features)
	if began := t.At.Add(-t.Observation.SinceTrigger); began-p.start > 1e5 {
		p.start = began
		p.ends = push(p.ends, p.now, m.view.Ends)
	}
}

func push(all []moment, x moment, most int) []moment {
	if most == 0 {
		return nil
	}
	return slices.Insert(all[:min(len(all), most-1)], 0, x)
}

// input is the query's, until memory is changed.
func (m *memory) input(q env.QueryKey, dst []float64) []float64 {
	p := m.past[q]
	dst = dst[:m.view.size()]
	clear(dst)
	put := func(place int, x *moment) {
		block := dst[place*blockSize : (place+1)*blockSize]
		copy(block, x.features[:])
		block[env.NumFeatures] = math.Log1p(p.now.at.Sub(x.at))
	}
	put(0, &p.now)
	for i := range p.ticks {
		put(1+i, &p.ticks[i])
	}
	for i := range p.ends {
		put(1+m.view.Ticks+i, &p.ends[i])
	}
	return dst
}

// decider commands what the line with the network on top of it says.
type decider struct {
	lines  policy.Lines
	net    *net
	memory *memory
	x      []float64
}

func newDecider(n *net, v view) *decider {
	return &decider{lines: policy.PriorLines(), net: netOf(n.shape, n.all), memory: newMemory(v), x: make([]float64, v.size())}
}

// margin is by how much triggering is preferred at the tick last seen.
func (d *decider) margin(q env.QueryKey) float64 {
	x := d.memory.input(q, d.x)
	return d.lines.Margin(x[:env.NumFeatures]) + d.net.forward(x)[0]
}

// act is the argmax's rung.
func (d *decider) act(t *env.Tick) int {
	d.memory.see(t)
	trigger, wait, either := policy.Choices(&t.Observation, t.Mask)
	if either && d.margin(t.Query) > 0 {
		wait = trigger
	}
	return int(t.Observation.Rung) + wait.Delta()
}
