package agent

import (
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
)

// RandomQuery draws a query for pre-training, and the stream that it meets:
// overheads of 20 ms to 5 s, rates of 0.3 to 300,000 events a second, a mean
// utilisation of 0.001 to 1.2, the price of a batch over three decades, steady,
// bursty and on-off loads, and, for some, targets, caps, floors, debts priced,
// and end offsets hidden. It is a Simulation.
func RandomQuery(rng *rand.Rand) env.Environment {
	rate := spread(rng, 0.3, 3e5)
	configured := time.Duration(spread(rng, 0.3, 30) * 1e9)
	ladder, err := env.NewLadder(configured/10, configured*5)
	if err != nil {
		panic(err) // configured is at least 300 ms
	}
	cfg := sim.Config{
		Query: "sim/query", Run: "1", Seed: rng.Uint64(),
		Duration: time.Duration(spread(rng, 120, 1200) * 1e9), Past: 30 * time.Minute,
		Settings: env.Settings{
			Weights: randomWeights(rng), Ladder: ladder, Grace: 10 * time.Second,
			Period: time.Duration(spread(rng, 0.1, 0.5) * 1e9),
		},
		Configured: configured,
		Overhead:   time.Duration(spread(rng, 0.02, 5) * 1e9),
		PerRow:     spread(rng, 0.001, 1.2) / rate,
		Noise:      0.3 * rng.Float64(),
		RoundTrip:  5 * time.Millisecond,
		Blind:      rng.Float64() < 0.2,
		Forecaster: func() env.Forecaster { return forecast.NewHolt() },
		Load:       randomLoad(rng, rate),
	}
	if rng.Float64() < 0.2 {
		cfg.Cap = max(1, rate*spread(rng, 1, 30))
	}
	if rng.Float64() < 0.2 {
		cfg.Floor = max(1, rate*spread(rng, 0.1, 10))
	}
	if rng.Float64() < 0.3 {
		cfg.Settings.Target = time.Duration(spread(rng, 0.5, 30) * 1e9)
	}
	s, err := sim.New(cfg)
	if err != nil {
		panic(err) // nothing above is drawn out of its bounds
	}
	return s
}

// randomWeights prices a batch over three decades of the latency's price, an
// empty trigger about like a batch, and the rest now and then.
func randomWeights(rng *rand.Rand) env.Weights {
	w := env.Weights{Latency: spread(rng, 0.1, 10)}
	w.Batch = w.Latency * spread(rng, 0.02, 20)
	w.Empty = w.Batch * spread(rng, 0.1, 2)
	if rng.Float64() < 0.5 {
		w.Empty = w.Batch
	}
	if rng.Float64() < 0.3 {
		w.Miss = w.Latency * spread(rng, 0.1, 10)
	}
	if rng.Float64() < 0.3 {
		w.Backlog = w.Latency * spread(rng, 0.1, 10)
	}
	return w
}

// randomLoad makes a load of the given mean rate, about.
func randomLoad(rng *rand.Rand, rate float64) func() sim.Load {
	switch rng.IntN(4) {
	case 0:
		return func() sim.Load { return sim.Steady(rate) }
	case 1:
		on, off := spread(rng, 2, 60), spread(rng, 2, 60)
		return func() sim.Load { return &sim.OnOff{Rate: rate * (on + off) / on, On: on, Off: off} }
	}
	multiple, probability := spread(rng, 1.5, 12), spread(rng, 0.003, 0.1)
	ramp, hold := spread(rng, 1, 15), spread(rng, 1, 15)
	busy := probability * (ramp + hold) * (multiple - 1)
	base := rate / (1 + busy/(1+probability*(2*ramp+hold)))
	return func() sim.Load {
		return &sim.Bursty{
			Base: base, Multiple: multiple, Probability: probability,
			Ramp: ramp, Hold: hold, Jitter: 0.5, Noise: 0.1 * base,
		}
	}
}

// spread draws evenly in the logarithm.
func spread(rng *rand.Rand, lo, hi float64) float64 {
	return lo * math.Exp(rng.Float64()*math.Log(hi/lo))
}
