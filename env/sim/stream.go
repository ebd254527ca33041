package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"rubato/env"
)

const (
	// single is the rate, events/s, up to which every event has a moment of
	// its own. Above, a second is cut into bins, each with a Poisson count of
	// its own that falls on at most clumps moments.
	single = 50
	bins   = 10
	clumps = 5
	// mostRate is the most that is drawn, events/s.
	mostRate = 1e12
)

// clump is events that arrive at one moment.
type clump struct {
	at     env.Time
	events float64
}

// draw draws the arrivals of a run, in time order: the rates first, and events
// from them by a generator of their own. They are never changed, and shared by
// all copies of a Sim.
func draw(load Load, seed uint64, d time.Duration) []clump {
	rates, size := make([]float64, d/time.Second+1), 0.0
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range rates {
		if x := load.Next(rng); x > 0 { // no number is no event
			rates[i] = min(x, mostRate)
			size += min(x, bins*clumps)
		}
	}
	out := make([]clump, 0, int(size+4*math.Sqrt(size)))
	rng = rand.New(rand.NewPCG(seed, 2))
	for i, rate := range rates {
		from := env.Time(i) * 1e9
		if rate <= single {
			if rate == 0 {
				continue
			}
			for x := rng.ExpFloat64() / rate; x < 1; x += rng.ExpFloat64() / rate {
				out = append(out, clump{from.Add(x), 1})
			}
			continue
		}
		for b := range bins {
			n := Poisson(rng, rate/bins)
			k := min(n, clumps)
			for i := range int(k) {
				x := (float64(i) + rng.Float64()) / k
				lo, hi := math.Floor(float64(i)*n/k), math.Floor(float64(i+1)*n/k)
				out = append(out, clump{from.Add((float64(b) + x) / bins), hi - lo})
			}
		}
	}
	return out
}

// recorded are events that are known one by one.
func recorded(arrivals []time.Duration) []clump {
	out := make([]clump, len(arrivals))
	for i, at := range arrivals {
		out[i] = clump{env.Time(at), 1}
	}
	return out
}

// Poisson draws a count of the given mean, from 50 on by the normal
// distribution.
func Poisson(rng *rand.Rand, mean float64) float64 {
	if mean >= 50 {
		return max(math.Round(mean+math.Sqrt(mean)*rng.NormFloat64()), 0)
	}
	n, p, limit := 0, rng.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= rng.Float64()
	}
	return float64(n)
}

// pastMean is the mean rate of another draw of the load.
func pastMean(load Load, rng *rand.Rand, d time.Duration) float64 {
	n := max(int(d/time.Second), 1)
	sum := 0.0
	for range n {
		sum += load.Next(rng)
	}
	return sum / float64(n)
}

// pause is one stop of the driver.
type pause struct {
	from, to env.Time
}

// drawPauses draws the driver's stops, in order and without overlaps.
func drawPauses(queries []Config) []pause {
	var all []pause
	for i := range queries {
		c := &queries[i]
		if c.Pause.Every <= 0 || c.Pause.Length <= 0 {
			continue
		}
		rng := rand.New(rand.NewPCG(c.Seed, 4))
		for t := env.Time(0); ; {
			from := t.Add(c.Pause.Every * rng.ExpFloat64())
			if from > env.Time(c.Duration) {
				break
			}
			t = from.Add(c.Pause.Length)
			all = append(all, pause{from, t})
		}
	}
	slices.SortFunc(all, func(x, y pause) int { return int(x.from - y.from) })
	out := all[:0]
	for _, p := range all {
		if n := len(out); n > 0 && p.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, p.to)
			continue
		}
		out = append(out, p)
	}
	return out
}
