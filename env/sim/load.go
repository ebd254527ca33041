package sim

import (
	"math/rand/v2"
)

// Load is an arrival process, second by second.
type Load interface {
	// Next returns the mean rate of the next second, events/s. Arrivals are
	// Poisson given it.
	Next(rng *rand.Rand) float64
}

// Steady is a Poisson stream of a constant rate, events/s.
type Steady float64

// Next implements Load.
func (s Steady) Next(*rand.Rand) float64 { return float64(s) }

// Bursty is a base rate with bursts that ramp up, hold and ramp down. Each
// burst's height and each of its three lengths are jittered, so that no two
// are alike.
type Bursty struct {
	// Base is the rate between bursts, events/s; a burst multiplies it by
	// Multiple.
	Base, Multiple float64
	// Probability is that of a burst to begin, each second between bursts.
	Probability float64
	// Ramp and Hold are the lengths of a burst's parts, s.
	Ramp, Hold float64
	// Jitter is the half-width of the uniform factor 1 +- Jitter.
	Jitter float64
	// Noise is the standard deviation of the rate, events/s.
	Noise float64

	at, up, hold, down, height float64 // of the burst in course; height 0 for none
}

// NewBursty returns a load with the bursts of common stream benchmarks: eight
// times the base, 10 s up, 10 s held, 10 s down, jittered by half.
func NewBursty(base, probability float64) *Bursty {
	return &Bursty{
		Base: base, Multiple: 8, Probability: probability,
		Ramp: 10, Hold: 10, Jitter: 0.5, Noise: 0.1 * base,
	}
}

// Next implements Load.
func (b *Bursty) Next(rng *rand.Rand) float64 {
	around := func(x float64) float64 { return x * (1 + b.Jitter*(2*rng.Float64()-1)) }
	if b.height == 0 && rng.Float64() < b.Probability {
		b.at, b.up, b.hold, b.down = 0, around(b.Ramp), around(b.Hold), around(b.Ramp)
		b.height = around(b.Base * (b.Multiple - 1))
	}
	rate := b.Base + b.Noise*rng.NormFloat64()
	if b.height == 0 {
		return max(rate, 0)
	}
	b.at++
	left := b.up + b.hold + b.down - b.at
	rate += b.height * max(min(b.at/b.up, 1, left/b.down), 0)
	if left <= 0 {
		b.height = 0
	}
	return max(rate, 0)
}

// OnOff sends at a rate for a while and then nothing for a while; both last
// exponentially distributed times.
type OnOff struct {
	// Rate while on, events/s; On and Off are the mean lengths, s.
	Rate, On, Off float64

	on   bool
	left float64
}

// Next implements Load.
func (l *OnOff) Next(rng *rand.Rand) float64 {
	for l.left <= 0 {
		l.on = !l.on
		mean := l.Off
		if l.on {
			mean = l.On
		}
		l.left += mean * rng.ExpFloat64()
	}
	l.left--
	if l.on {
		return l.Rate
	}
	return 0
}
