package learner

import (
	"math"
	"time"

	"rubato/agent/pretrain"
	"rubato/env"
	"rubato/env/sim"
)

// aheads are the times ahead, s, over which the true rate is a secret.
var aheads = [...]float64{1, 2, 5, 15, 60}

// secrets is how many numbers a live query does not show are told: the true
// rate of the last 15 s and of the next, and what batches truly take.
const secrets = len(aheads) + 6

// foretold is what is to come of a scene, whatever is commanded.
type foretold struct {
	driver  sim.Driver
	queries []future
}

// future is of one query: the events by each whole second.
type future []float64

// foresee runs a scene once for what is to come.
func foresee(c pretrain.Scene, length time.Duration) (*foretold, error) {
	d := c.Driver(length)
	all := make([]future, len(d.Queries))
	for i := range d.Queries {
		f := make(future, int(length/time.Second)+2)
		all[i] = f
		d.Queries[i].OnArrival = func(at env.Time, n float64) {
			f[min(int(at.Sub(0))+1, len(f)-1)] += n
		}
		d.Queries[i].Forecaster = nil
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		return nil, err
	}
	s.Run()
	for _, f := range all {
		for j := 1; j < len(f); j++ {
			f[j] += f[j-1]
		}
	}
	return &foretold{d, all}, nil
}

// by is how many events have come by at, s.
func (f future) by(at float64) float64 {
	at = min(max(at, 0), float64(len(f)-1))
	i := min(int(at), len(f)-2)
	return f[i] + (at-float64(i))*(f[i+1]-f[i])
}

// rate is the true rate from one time to another, where there is a run.
func (f future) rate(from, to float64) float64 {
	from, to = max(from, 0), min(to, float64(len(f)-1))
	return (f.by(to) - f.by(from)) / max(to-from, 1)
}

// secret is what an asymmetric critic sees beside the features: logarithms,
// clipped to +-4.
func (x *foretold) secret(key env.QueryKey, t env.Time) []float32 {
	i := 0
	for x.driver.Queries[i].Query != key {
		i++
	}
	q, f, at := &x.driver.Queries[i], x.queries[i], t.Sub(0)
	past := f.rate(at-15, at)
	out := make([]float32, 0, secrets)
	add := func(v float64) { out = append(out, float32(min(max(math.Log(v+1e-6), -4), 4))) }
	for _, s := range aheads {
		add((f.rate(at, at+s) + 0.1) / (past + 0.1))
	}
	add(past * q.PerRow)
	add(q.Overhead.Seconds())
	add(q.Noise)
	add(q.Straggler.Probability * q.Straggler.Factor)
	load := 0.0 // of the driver's other queries, in the next 5 s
	for j := range x.queries {
		if j != i {
			load += x.queries[j].rate(at, at+5) * x.driver.Queries[j].PerRow
		}
	}
	add(load)
	add(x.driver.Contention / max(x.driver.Cores, 1))
	return out
}
