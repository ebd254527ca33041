package sim

import (
	"math/rand/v2"
	"time"

	"rubato/env"
)

// TypicalDriver draws a driver from the middle of RandomDriver's: queries as
// most people run them. Overheads of 0.1 to 3 s, 1 to 40 % of the capacity in
// use, 20 to 2,000 events/s (some have one in seconds), a price of a batch of
// 0.1 to 3 beside a latency weight of 1, a ladder from 100 ms to 30 s, one
// workload, the mean rate known. Queries that share a driver are alike, and get
// in each other's way as processor sharing has it.
func TypicalDriver(rng *rand.Rand, kind Kind) Driver {
	b := batch{overhead: spread(rng, 0.1, 3), utilisation: spread(rng, 0.01, 0.4), price: spread(rng, 0.1, 3)}
	rate := spread(rng, 20, 2000)
	if rng.Float64() < 0.15 {
		rate, b.utilisation = spread(rng, 0.2, 5), 0.001
	}
	b.perRow = b.utilisation / rate
	if kind == Shared {
		return typicalShared(rng, b)
	}
	c := typicalQuery(rng, 0, b)
	switch kind {
	case Blind:
		c.Blind = true
	case Target:
		c.Settings.Target = time.Duration(spread(rng, 2, 8) * 1e9)
		c.Settings.Weights.Miss = spread(rng, 3, 15)
		if rng.Float64() < 0.5 {
			c.Settings.Weights.Latency = 0.1
		}
	case OffModel:
		switch rng.IntN(3) {
		case 0:
			c.Settings.FullBatch = rate * spread(rng, 5, 40)
		case 1:
			c.Snapshot = Snapshot{Every: 5 + rng.IntN(16), Seconds: spread(rng, 1, 5)}
		default:
			c.Growth = spread(rng, 1, 5)
		}
	}
	return Driver{Cores: 1, Queries: []Config{c}}
}

func typicalQuery(rng *rand.Rand, number int, b batch) Config {
	c := randomQuery(rng, number, b)
	shape := rng.Uint64()
	w := workloads[rng.IntN(len(workloads))]
	rate := b.rate()
	c.Load = func() Load { return Scaled(w.New(rand.New(rand.NewPCG(shape, 0))), rate) }
	c.Settings.Weights = env.Weights{Latency: 1, Empty: b.price, Batch: b.price}
	c.Settings.Ladder = typicalLadder
	c.Configured = 2 * time.Second
	c.Noise, c.RoundTrip = spread(rng, 0.05, 0.2), 5*time.Millisecond
	c.Cap, c.Floor = 0, 0
	c.Past = 24 * time.Hour
	c.Reference = pastMean(c.Load(), rand.New(rand.NewPCG(c.Seed, 3)), time.Hour)
	return c
}

var typicalLadder = func() env.Ladder {
	l, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		panic(err) // the bounds are constant
	}
	return l
}()

func typicalShared(rng *rand.Rand, b batch) Driver {
	d := Driver{Cores: 1, Contention: 1}
	n := 2 + rng.IntN(7)
	if n > 4 {
		d.Cores = 2
	}
	b.overhead = spread(rng, 0.2, 0.8)
	utilisation := spread(rng, 0.03, 0.12)
	b.perRow *= utilisation / b.utilisation
	b.utilisation = utilisation
	for i := range n {
		d.Queries = append(d.Queries, typicalQuery(rng, i, b))
	}
	return d
}
