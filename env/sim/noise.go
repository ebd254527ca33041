package sim

import (
	"math"

	"rubato/env"
)

// mix is a hash of two words (SplitMix64, Steele, Lea and Flood 2014).
func mix(x, y uint64) uint64 {
	z := x + (y+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform turns a hash into a number above 0 and below 1.
func uniform(h uint64) float64 { return (float64(h>>11) + 0.5) / (1 << 53) }

// lasts is how long the batch of rows events that begins at the given moment
// takes on a driver of its own, s. What is random of it depends on the seed
// and the second alone, so that two policies meet the same noise (common
// random numbers).
func (q *query) lasts(at env.Time, rows float64) float64 {
	c := q.cfg
	d := q.overhead*(1+c.Growth*at.Sub(0)/3600) + c.PerRow*rows
	h := mix(c.Seed, uint64(at/1e9))
	if c.Noise > 0 {
		z := math.Sqrt2 * math.Erfinv(2*uniform(h)-1)
		d *= math.Exp(c.Noise*z - c.Noise*c.Noise/2)
	}
	if c.Straggler.Probability > 0 && uniform(mix(h, 1)) < c.Straggler.Probability {
		d *= c.Straggler.Factor
	}
	nth := q.score.Batches + 1
	if c.Warmup > 0 {
		d *= 1 + c.Warmup/nth
	}
	if n := c.Snapshot.Every; n > 0 && int(nth)%n == 0 {
		d += c.Snapshot.Seconds
	}
	return max(d, 0.001)
}
