package train

import (
	"math"
	"math/rand/v2"

	"rubato/env/sim"
)

// Series is an endless random series of rates, events/s, second by second: the
// sum of a floor that wanders and of events that ramp up, hold and ramp down,
// counted as a Poisson stream or with relative noise. Every length, height,
// shape and gap is drawn anew for each series, and jittered from event to
// event, from ranges wide enough that no single published generator is
// favoured.
type Series struct {
	rng *rand.Rand
	now int

	poisson bool
	// The floor: its mean, events/s; the step and the pull back of its wandering
	// logarithm; the relative noise of a second; a slow sinusoid; s between regime
	// shifts, 0 for none; s of each night without anything, 0 for none; and whether
	// there is nothing between events.
	mean                   float64
	wander, revert         float64
	noise                  float64
	swing, period, phase   float64
	jumpEvery, nights      float64
	idle                   bool
	wanderAt, regime, wait float64

	// The events: how they follow each other, their height in means, the lengths
	// of their parts in s, and how much each is jittered.
	gap            gaps
	shape          shape
	height         float64
	up, hold, down float64
	jitter         float64

	// The event in course.
	active        bool
	at            float64
	u, h, d, peak float64
}

// gaps tells how events follow each other.
type gaps struct {
	mean float64 // s between the end of one and the start of the next
	even float64 // 0 exponential .. 1 regular
}

// shape is that of a ramp.
type shape int

const (
	linear shape = iota
	step
	exponential
	smooth
	shapes
)

// NewSeries draws a series.
func NewSeries(rng *rand.Rand) *Series {
	s := &Series{
		rng: rng, regime: 1, poisson: rng.Float64() < 0.8,
		mean: math.Exp(between(rng, math.Log(0.3), math.Log(3000))),
	}
	if rng.Float64() < 0.5 {
		s.wander = math.Exp(between(rng, math.Log(0.003), math.Log(0.3)))
		s.revert = math.Exp(between(rng, math.Log(0.003), math.Log(0.3)))
	}
	if rng.Float64() < 0.6 {
		s.noise = math.Exp(between(rng, math.Log(0.02), math.Log(0.4)))
	}
	if rng.Float64() < 0.3 {
		s.swing = between(rng, 0.2, 0.95)
		s.period = math.Exp(between(rng, math.Log(40), math.Log(7200)))
		s.phase = between(rng, 0, 2*math.Pi)
	}
	if rng.Float64() < 0.2 {
		s.jumpEvery = math.Exp(between(rng, math.Log(60), math.Log(1200)))
	}
	if rng.Float64() < 0.1 {
		s.nights = between(rng, 200, 900)
	}
	s.events()
	return s
}

// events draws what the series' events are like; a fifth of all have none.
func (s *Series) events() {
	rng := s.rng
	if rng.Float64() < 0.2 {
		s.wait = math.Inf(1)
		return
	}
	s.gap = gaps{mean: math.Exp(between(rng, math.Log(3), math.Log(300)))}
	if rng.Float64() < 0.4 {
		s.gap.even = between(rng, 0.6, 1)
	}
	s.shape = shape(rng.IntN(int(shapes)))
	s.height = math.Exp(between(rng, math.Log(0.7), math.Log(20)))
	s.up = math.Exp(between(rng, math.Log(0.7), math.Log(45)))
	s.hold = math.Exp(between(rng, math.Log(0.7), math.Log(60)))
	s.down = s.up
	if rng.Float64() < 0.5 {
		s.down = math.Exp(between(rng, math.Log(0.7), math.Log(90)))
	}
	s.jitter = between(rng, 0, 0.7)
	s.idle = rng.Float64() < 0.25
	s.pause()
}

func (s *Series) pause() {
	s.wait = s.gap.mean * (s.gap.even + (1-s.gap.even)*s.rng.ExpFloat64())
}

// Next returns the rate counted in the next second, events/s.
func (s *Series) Next() float64 {
	rng := s.rng
	s.now++
	if s.wander > 0 {
		s.wanderAt += -s.revert*s.wanderAt + s.wander*rng.NormFloat64()
	}
	if s.jumpEvery > 0 && rng.Float64() < 1/s.jumpEvery {
		s.regime = math.Exp(between(rng, math.Log(0.15), math.Log(6)))
	}
	floor := s.mean
	if s.idle {
		floor = 0
	}
	rate := (floor + s.mean*s.event()) * s.regime * math.Exp(s.wanderAt)
	if s.swing > 0 {
		rate *= 1 + s.swing*math.Sin(s.phase+2*math.Pi*float64(s.now)/s.period)
	}
	rate = max(rate*(1+s.noise*rng.NormFloat64()), 0)
	if s.nights > 0 && math.Mod(float64(s.now), 2*s.nights) > s.nights {
		rate = 0
	}
	if s.poisson {
		return sim.Poisson(rng, rate)
	}
	return rate
}

// event is the height of the event in course, in means.
func (s *Series) event() float64 {
	if !s.active {
		if s.wait--; s.wait > 0 {
			return 0
		}
		s.active, s.at = true, 0
		s.u, s.h, s.d = s.around(s.up), s.around(s.hold), s.around(s.down)
		s.peak = s.around(s.height)
	}
	s.at++
	left := s.u + s.h + s.d - s.at
	if left <= 0 {
		s.active = false
		s.pause()
		return 0
	}
	return s.peak * s.shape.ramp(min(s.at/s.u, 1)) * s.shape.ramp(min(left/s.d, 1))
}

func (s *Series) around(x float64) float64 { return x * (1 + s.jitter*(2*s.rng.Float64()-1)) }

// ramp maps the share of a ramp's time to its height, 0 to 1.
func (s shape) ramp(x float64) float64 {
	switch s {
	case step:
		return 1
	case exponential:
		return math.Expm1(3*x) / math.Expm1(3)
	case smooth:
		return x * x * (3 - 2*x)
	default:
		return x
	}
}

func between(rng *rand.Rand, a, b float64) float64 { return a + (b-a)*rng.Float64() }
