package sim

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"rubato/env"
)

// Kind is a kind of random drivers.
type Kind uint8

// The kinds.
const (
	// Sighted is one query whose end offsets are seen, of the model that the
	// rules assume.
	Sighted Kind = iota
	// Blind hides the end offsets.
	Blind
	// Target sets a latency target and a price on its misses.
	Target
	// Shared is 2 to 8 queries that share a driver and get in each other's way.
	Shared
	// OffModel has prices or times that the model a + b n with a price a batch
	// leaves out: files priced by size, snapshots, growth, stragglers, warm-up,
	// pauses.
	OffModel
	// NumKinds is how many there are.
	NumKinds = 5
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [NumKinds]string{"sighted", "blind", "target", "shared", "off-model"}
	if int(k) < len(names) {
		return names[k]
	}
	return "invalid"
}

// RandomDriver draws a driver of the training distribution: for each query an
// overhead of 20 ms to 5 s, a capacity of 100 to 1,000,000 events/s of which it
// asks 0.001 to 1.2 on the mean, any of the Workloads or two at once, the
// price of a batch over three decades beside a latency weight of 1, an empty
// trigger of none to that price, noise of 0.02 to 0.5, and now and then a cap,
// a floor, or a price on debts. It lasts 20 minutes; the caller may set another
// Duration for each query, and a Forecaster.
func RandomDriver(rng *rand.Rand, kind Kind) Driver {
	if kind == Shared {
		return randomShared(rng)
	}
	r := randomBatch(rng)
	c := randomQuery(rng, 0, r)
	switch kind {
	case Blind:
		c.Blind, c.Cap = true, 0 // a full batch of a blind source tells nothing of its queue
	case Target:
		c.Settings.Target = time.Duration(spread(rng, 0.5, 30) * 1e9)
		c.Settings.Weights.Miss = spread(rng, 0.3, 10)
	case OffModel:
		offModel(rng, &c, r)
	}
	return Driver{Cores: 1, Queries: []Config{c}}
}

// batch is what a query's batches take and cost.
type batch struct {
	overhead, perRow float64 // s, s
	utilisation      float64
	price            float64
}

// rate is the mean rate, events/s.
func (b *batch) rate() float64 { return max(b.utilisation/b.perRow, 0.02) }

// interval is the square-root interval of a steady stream of that rate, s.
func (b *batch) interval() float64 { return math.Sqrt(2 * b.price) }

func randomBatch(rng *rand.Rand) batch {
	b := batch{
		overhead: spread(rng, 0.02, 5), perRow: 1 / spread(rng, 100, 1e6),
		utilisation: spread(rng, 0.001, 1.2), price: spread(rng, 0.03, 30),
	}
	if rng.Float64() < 0.3 { // near capacity there is more to decide
		b.utilisation = spread(rng, 0.2, 1.2)
	}
	return b
}

// randomQuery draws the rest of the query of that number.
func randomQuery(rng *rand.Rand, number int, b batch) Config {
	rate := b.rate()
	c := Config{
		Query: env.QueryKey("sim/query-" + strconv.Itoa(number)), Run: "1", Seed: rng.Uint64(),
		Duration: 20 * time.Minute, Load: randomLoad(rng, rate),
		Settings: env.Settings{Weights: randomWeights(rng, b.price), Grace: 10 * time.Second, Period: env.DefaultPeriod},
		Overhead: time.Duration(b.overhead * 1e9), PerRow: b.perRow, Noise: spread(rng, 0.02, 0.5),
		RoundTrip: time.Duration(spread(rng, 1, 20) * 1e6),
	}
	c.Settings.Ladder, c.Configured = randomLadder(rng)
	// Some queries are young, and their mean rate not settled.
	c.Past = time.Hour
	if rng.Float64() < 0.7 {
		c.Reference = pastMean(c.Load(), rand.New(rand.NewPCG(c.Seed, 3)), time.Hour)
		c.Past = 24 * time.Hour
	}
	if rng.Float64() < 1./3 {
		// Enough for the mean rate, now and then only just.
		least := rate * b.overhead / max(1-b.utilisation, 0.2)
		c.Cap = math.Ceil(least * spread(rng, 1.2, 60))
	}
	if rng.Float64() < 0.1 {
		c.Floor = math.Ceil(rate * spread(rng, 0.1, 5))
		if c.Cap > 0 {
			c.Floor = min(c.Floor, c.Cap)
		}
	}
	return c
}

// randomWeights prices an empty trigger like a batch or less, and debts now
// and then.
func randomWeights(rng *rand.Rand, price float64) env.Weights {
	w := env.Weights{Latency: 1, Batch: price, Empty: price}
	if rng.Float64() < 0.6 {
		w.Empty *= rng.Float64()
	}
	if rng.Float64() < 0.2 {
		w.Backlog = spread(rng, 0.1, 10)
	}
	return w
}

// randomLadder draws a job's interval, and a ladder from a tenth of it to five
// times, or one from 100 ms to 60 s.
func randomLadder(rng *rand.Rand) (env.Ladder, time.Duration) {
	configured := time.Duration(spread(rng, 200, 30_000)) * time.Millisecond
	lo, hi := configured/10, 5*configured
	if rng.Float64() < 0.3 {
		lo, hi = 100*time.Millisecond, time.Minute
	}
	l, err := env.NewLadder(lo, hi)
	if err != nil {
		panic(err) // lo is at least 20 ms
	}
	return l, configured
}

// randomLoad draws a load of the given mean rate, about: a workload, two at
// once, or one with its seconds ragged.
func randomLoad(rng *rand.Rand, rate float64) func() Load {
	shape := [2]uint64{rng.Uint64(), rng.Uint64()}
	first, second := workloads[rng.IntN(len(workloads))], workloads[rng.IntN(len(workloads))]
	form, share := rng.Float64(), 0.1+0.8*rng.Float64()
	sigma, tau := spread(rng, 0.1, 1.2), spread(rng, 0.3, 30)
	return func() Load {
		l := first.New(rand.New(rand.NewPCG(shape[0], 0)))
		switch {
		case form < 0.2:
			other := second.New(rand.New(rand.NewPCG(shape[1], 0)))
			l = Mixed{Scaled(l, share), Scaled(other, 1-share)}
		case form < 0.4:
			l = &Ragged{Load: l, Sigma: sigma, Tau: tau}
		}
		return Scaled(l, rate)
	}
}

// randomShared draws queries whose batches, at the square-root interval of
// each, take 0.4 to 1.5 of the driver's cores together. Half of the drivers
// have one weighting for all.
func randomShared(rng *rand.Rand) Driver {
	d := Driver{Cores: float64(1 + rng.IntN(4)), Contention: 0.5 + 0.5*rng.Float64()}
	n := 2 + rng.IntN(7)
	busy := d.Cores * spread(rng, 0.4, 1.5) / float64(n)
	one, price := rng.Float64() < 0.5, spread(rng, 0.03, 30)
	for i := range n {
		share := min(busy*spread(rng, 0.5, 2), 1.2)
		rows := 0.1 + 0.6*rng.Float64()
		b := batch{perRow: 1 / spread(rng, 100, 1e6), utilisation: share * rows, price: price}
		if !one {
			b.price = spread(rng, 0.03, 30)
		}
		b.overhead = min(max(b.interval()*share*(1-rows), 0.02), 5)
		d.Queries = append(d.Queries, randomQuery(rng, i, b))
	}
	return d
}

// offModel adds at least one thing that the model leaves out.
func offModel(rng *rand.Rand, c *Config, b batch) {
	some := func() bool { return rng.Float64() < 0.35 }
	sure := rng.IntN(3)
	if some() || sure == 0 {
		c.Settings.FullBatch = math.Ceil(b.rate() * b.interval() * spread(rng, 0.5, 10))
	}
	if some() || sure == 1 {
		c.Snapshot = Snapshot{Every: 5 + rng.IntN(16), Seconds: min(b.overhead*spread(rng, 1, 20), 20)}
	}
	if some() || sure == 2 {
		c.Growth = spread(rng, 0.2, 6)
	}
	if some() {
		c.Straggler = Straggler{Probability: spread(rng, 0.003, 0.05), Factor: spread(rng, 2, 10)}
	}
	if some() {
		c.Warmup = spread(rng, 0.5, 10)
	}
	if some() {
		c.Pause = Pause{Every: spread(rng, 20, 300), Length: spread(rng, 0.1, 3)}
	}
}
