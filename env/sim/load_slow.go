package sim

import (
	"math"
	"math/rand/v2"
)

// Diurnal is a day's course, a Day as long as is asked for: a sine of the given
// depth (0 to 1) about Rate, with the second harmonic that daily loads have.
type Diurnal struct {
	Rate, Depth, Day, Phase float64 // events/s, 1, s, s

	at float64
}

// Next implements Load.
func (d *Diurnal) Next(*rand.Rand) float64 {
	x := 2 * math.Pi * (d.at + d.Phase) / d.Day
	d.at++
	return max(d.Rate*(1+d.Depth*(0.8*math.Sin(x)+0.2*math.Sin(2*x+1))), 0)
}

// randomDiurnal draws days of 10 to 120 minutes, that the course is met within
// a run.
func randomDiurnal(rng *rand.Rand) Load {
	day := spread(rng, 600, 7200)
	d := &Diurnal{Rate: 1, Depth: 0.4 + 0.6*rng.Float64(), Day: day, Phase: day * rng.Float64()}
	return &Ragged{Load: d, Sigma: spread(rng, 0.02, 0.3), Tau: spread(rng, 1, 30)}
}

// Regimes holds a rate for an exponentially distributed time and then takes
// another, log-normal about the mean.
type Regimes struct {
	Rate  float64 // mean, events/s
	Sigma float64 // standard deviation of the logarithm
	Every float64 // mean time in one regime, s

	left, level float64
}

// Next implements Load.
func (r *Regimes) Next(rng *rand.Rand) float64 {
	for r.left <= 0 {
		r.left += r.Every * rng.ExpFloat64()
		r.level = r.Rate * math.Exp(r.Sigma*rng.NormFloat64()-r.Sigma*r.Sigma/2)
	}
	r.left--
	return r.level
}

func randomRegimes(rng *rand.Rand) Load {
	return &Regimes{Rate: 1, Sigma: spread(rng, 0.3, 1.5), Every: spread(rng, 20, 400)}
}

// Nights are days with a load and nights without any.
type Nights struct {
	Load
	Day, Night float64 // s
	Phase      float64 // s

	at float64
}

// Next implements Load.
func (n *Nights) Next(rng *rand.Rand) float64 {
	x := math.Mod(n.at+n.Phase, n.Day+n.Night)
	n.at++
	if x >= n.Day {
		return 0
	}
	return n.Load.Next(rng)
}

// randomIdleNights draws days of 2 to 15 minutes with as long nights, about.
func randomIdleNights(rng *rand.Rand) Load {
	day := spread(rng, 120, 900)
	night := day * spread(rng, 0.5, 3)
	inner := Load(Steady((day + night) / day))
	if rng.Float64() < 0.5 {
		inner = Scaled(randomBursts(rng), (day+night)/day)
	}
	return &Nights{Load: inner, Day: day, Night: night, Phase: (day + night) * rng.Float64()}
}
