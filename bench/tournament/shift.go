package tournament

import (
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// Shift is a cell at or beyond the rim of what the prior was trained on.
type Shift struct {
	Name, About string
	Cell        Cell
}

// Shifts lists the shifts that adaptation is judged by.
func Shifts() ([]Shift, error) {
	bursts, err := WorkloadSource("bursts")
	if err != nil {
		return nil, err
	}
	return append(ShiftsOf(bursts), Shift{"unseen bursts", "leaps to 20 times the base that fade within seconds",
		Cell{leaps, shifted(250*time.Millisecond, 0.02), Weightings()[1]}}), nil
}

func shifted(overhead time.Duration, utilisation float64) Kind {
	return Kind{Name: "shifted", Group: Sighted, Rate: 100, Queries: 1, Overhead: overhead, Utilisation: utilisation}
}

// ShiftsOf are the shifts of a query with such arrivals.
func ShiftsOf(s Source) []Shift {
	balanced := Weightings()[1]
	patient := Weighting{Name: "rim", Weights: env.Weights{Latency: 1, Empty: 20, Batch: 20}}
	return []Shift{
		{"overhead x4", "10 s a batch, 2.5 s in the tournament", Cell{s, shifted(10*time.Second, 0.02), balanced}},
		{"capacity / 5", "75 % busy on average, bursts beyond", Cell{s, shifted(250*time.Millisecond, 0.75), balanced}},
		{"weighting at the rim", "a batch costs 20 s of mean delay", Cell{s, shifted(250*time.Millisecond, 0.02), patient}},
	}
}

// leaps is a source of bursts that no workload has: every 45 s, about, the rate
// leaps to twenty times its base and fades with a time constant of 3 s.
var leaps = Source{Name: "leaps", cut: func(n draw, length time.Duration, rate float64) (window, error) {
	return window{length: length, place: n.seed * apart, load: func() sim.Load {
		return &leaping{base: rate * leapEvery / (leapEvery + 19*leapFade)}
	}}, nil
}}

const (
	leapEvery = 45.0 // mean s between leaps
	leapFade  = 3.0  // s
)

// leaping is the load of leaps.
type leaping struct {
	base, height, next float64
}

// Next implements sim.Load.
func (l *leaping) Next(rng *rand.Rand) float64 {
	l.height *= math.Exp(-1 / leapFade)
	if l.next--; l.next <= 0 {
		l.next = leapEvery * (0.7 + 0.6*rng.Float64())
		l.height = 19 * l.base
	}
	return l.base + l.height
}
