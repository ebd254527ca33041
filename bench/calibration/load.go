package main

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/load"
	"rubato/internal/transport"
)

const (
	sampleEvery = 100 * time.Millisecond
	// A stretch of one rate lasts, and a command holds, this long, s.
	stretchLow, stretchHigh = 3, 9
	// The intervals commanded, s.
	intervalLow, intervalHigh = 0.1, 5.0
	// Until the JVM has compiled its way, batch follows batch.
	settling, settlingHigh = 90 * time.Second, 0.3
	lease                  = 30 * time.Second
)

// logUniform draws between two values, all decades alike.
func logUniform(rng *rand.Rand, low, high float64) float64 {
	return low * math.Exp(rng.Float64()*math.Log(high/low))
}

func between(rng *rand.Rand, low, high float64) float64 { return low + (high-low)*rng.Float64() }

// rates are the events of each second: stretches of drawn rates.
func (r recording) rates(seconds int) load.Trace {
	rng := rand.New(rand.NewPCG(r.seed, 1))
	var t load.Trace
	for len(t) < seconds {
		rate := logUniform(rng, r.low, r.high)
		for range int(between(rng, stretchLow, stretchHigh)) {
			t = append(t, int(rate))
		}
	}
	return t
}

// sampleAndCommand samples the end offsets and commands each query a drawn
// interval every few seconds, until ctx ends.
func (r recording) sampleAndCommand(ctx context.Context, client transport.Client, tape *tape) {
	rng, began := rand.New(rand.NewPCG(r.seed, 2)), time.Now()
	due := map[string]time.Time{}
	seq := uint64(0)
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		s := arrivals.Sample{V: 1, Brokers: "calibration"}
		topics := []string{"events"}
		if strings.Contains(r.queries, "join") {
			topics = []string{"answers", "events"}
		}
		before := time.Now()
		for _, topic := range topics {
			ends, err := client.EndOffsets(ctx, topic)
			if err != nil {
				break
			}
			t := arrivals.Topic{Name: topic}
			for p := range int32(load.Partitions) {
				t.Partitions = append(t.Partitions, arrivals.Partition{ID: p, End: ends[p]})
			}
			s.Topics = append(s.Topics, t)
		}
		if len(s.Topics) == len(topics) {
			tape.sample(before.Add(time.Since(before)/2), s)
		}
		for _, q := range tape.queries() {
			if now := time.Now(); now.After(due[q.key]) {
				due[q.key] = now.Add(time.Duration(between(rng, stretchLow, stretchHigh) * float64(time.Second)))
				high := intervalHigh
				if now.Sub(began) < settling {
					high = settlingHigh
				}
				seq++
				client.Publish("rubato.decisions", []byte(q.key), command(q, seq, logUniform(rng, intervalLow, high)))
			}
		}
	}
}

// command is a decision's message.
func command(q query, seq uint64, interval float64) []byte {
	b, err := spark.Decision{
		V: spark.Version, Epoch: 1, Seq: seq, Run: q.run, IntervalMs: int64(1e3 * interval), Action: "keep",
		LeaseMs: lease.Milliseconds(), Policy: "random", Mode: "learn",
	}.Encode()
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	return b
}
