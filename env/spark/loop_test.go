package spark

import (
	"math"
	"testing"

	"rubato/env"
)

// fakeSpark is a query with its Kafka topic and its agent, in virtual time by
// the millisecond: a batch takes all that is there and lasts 0.2 s + 0.1 ms a
// row.
type fakeSpark struct {
	*agent
	rate             func(seconds float64) float64
	arrived          float64
	taken            int64
	interval, next   env.Time
	began, ends      env.Time
	inBatch          bool
	latency          float64 // integral of the outstanding, event-seconds
	empties, batches float64
}

// step lets a millisecond pass and returns what the agent said in it.
func (s *fakeSpark) step(now env.Time) []env.Input {
	s.arrived += s.rate(now.Sub(origin)) / 1000
	s.latency += (s.arrived - float64(s.offset)) / 1000
	switch {
	case s.inBatch && now >= s.ends:
		s.inBatch = false
		s.batches++
		s.next = max(s.began+s.interval, now)
		return []env.Input{s.progress(now, s.taken), s.end(now, OutcomeBatch)}
	case !s.inBatch && now >= s.next:
		s.began, s.taken = now, int64(s.arrived)-s.offset
		start := s.begin(now)
		if s.taken == 0 {
			s.empties++
			s.next = now + s.interval
			return []env.Input{start, s.end(now, OutcomeEmpty)}
		}
		s.inBatch, s.ends = true, now.Add(0.2+1e-4*float64(s.taken))
		return []env.Input{start}
	case now%1e9 == 0:
		return []env.Input{s.heartbeat(now)}
	}
	return nil
}

// obeyed applies the commands sent since the given count.
func (s *fakeSpark) obeyed(sent []Command) {
	for _, c := range sent {
		s.obey(c, c.Decision.LeaseMs)
		s.interval = env.Time(c.Decision.IntervalMs) * 1e6
		if !s.inBatch {
			s.next = s.began + s.interval
		}
	}
}

func TestTheLoopClosesAndTheCostsAreTrue(t *testing.T) {
	for name, rate := range map[string]func(float64) float64{
		"steady": func(float64) float64 { return 300 },
		"bursts": func(x float64) float64 {
			if math.Mod(x, 20) < 5 {
				return 3000
			}
			return 50
		},
		"rests": func(x float64) float64 {
			if math.Mod(x, 30) < 10 {
				return 100
			}
			return 0
		},
	} {
		w := newWorld(t)
		s := &fakeSpark{agent: newAgent(t, "shop/orders", "r"), rate: rate, interval: 2e9}
		s.delay, s.next = 0, origin+1e9
		turn := 0
		w.act = func(env.Tick) int { turn++; return turn / 20 % 6 }
		w.feed(s.started(origin, SourceOptions{Subscribe: "orders"}))
		for now := origin + 1e6; now < at(600); now += 1e6 {
			sent := len(w.sent)
			if in := s.step(now); in != nil {
				w.feed(in...)
			}
			if now%(200e6) == 0 {
				w.feed(sampleAt(t, now, "b:1", int64(s.arrived)), tickAt(now))
			}
			if len(w.sent) > sent {
				s.obeyed(w.sent[sent:])
			}
			if now == at(30) { // warm
				w.ticks = nil
				s.latency, s.empties, s.batches = 0, 0, 0
			}
		}
		var events, elapsed float64
		var sum env.Components
		for i, tick := range w.ticks {
			sum, elapsed = sum.Add(tick.Cost), elapsed+tick.Elapsed
			if i > 0 { // priced at the reference when the step began
				events += tick.Cost.Latency * w.ticks[i-1].Observation.Reference
			}
		}
		if math.Abs(elapsed-570) > 2 || math.Abs(events/s.latency-1) > 0.03 {
			t.Errorf("%s: %.0f event-seconds in %.0f s, want %.0f in 570", name, events, elapsed, s.latency)
		}
		if math.Abs(sum.Empty-s.empties) > 1 || math.Abs(sum.Batch-s.batches) > 1 || s.batches < 50 {
			t.Errorf("%s: %v empties and %v batches, want %v and %v", name, sum.Empty, sum.Batch, s.empties, s.batches)
		}
		t.Logf("%s: %.0f of %.0f event-seconds, %v of %v empties, %v of %v batches, %d ticks, %d commands", name, events, s.latency, sum.Empty, s.empties, sum.Batch, s.batches, len(w.ticks), len(w.sent))
		if o := w.last().Observation; math.Abs(o.Overhead-0.2) > 0.1 || o.Sighted != 1 {
			t.Errorf("%s: fitted overhead %v, sighted %v", name, o.Overhead, o.Sighted)
		}
		if len(w.errs) != 0 || w.Counts().Lost != 0 {
			t.Errorf("%s: %v, %+v", name, w.errs, w.Counts())
		}
	}
}
