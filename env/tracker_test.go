package env

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// last is a Forecaster that says the last rate.
type last struct{ Rate float64 }

func (l *last) Step(_ Time, rate float64) { l.Rate = rate }
func (l *last) Predict(rate, spread *[3]float64) {
	*rate, *spread = [3]float64{l.Rate, l.Rate, l.Rate}, [3]float64{}
}
func (l *last) CopyFrom(from Forecaster) { *l = *from.(*last) }
func (l *last) AppendBinary(b []byte) ([]byte, error) {
	return binary.Append(b, binary.LittleEndian, l)
}
func (l *last) UnmarshalBinary(b []byte) error {
	return binary.Read(bytes.NewReader(b), binary.LittleEndian, l)
}

func seconds(s float64) Time { return Time(0).Add(s) }

func settings(t interface{ Fatal(...any) }) Settings {
	l, err := NewLadder(125*time.Millisecond, 32*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return Settings{
		Weights: Weights{Latency: 1, Batch: 0.3, Empty: 0.3, Backlog: 1},
		Ladder:  l, Grace: time.Second,
	}
}

// started is a tracker at time 0 with a reference rate of 10/s and a first
// tick behind it, on a rung of 2 s.
func started(t *testing.T) *Tracker {
	k := NewTracker("app/q", "run", &last{}, 0)
	k.Past(10, 24*time.Hour)
	k.Configure(settings(t), 2*time.Second)
	k.Arrived(0, 0, true)
	if tick := k.Tick(0, 0); !tick.First || tick.Elapsed != 0 || tick.Teaches {
		t.Fatalf("first tick: %+v", tick)
	}
	return k
}

func TestTrackerAccountsForABatchByHand(t *testing.T) {
	k := started(t)
	k.Arrived(seconds(1), 10, true)
	k.Arrived(seconds(2), 30, true)
	tick := k.Tick(seconds(2), 0)
	near(t, "elapsed", tick.Elapsed, 2)
	near(t, "latency", tick.Cost.Latency, (5+20)/10.0)
	near(t, "outstanding", tick.Observation.Outstanding, 30)
	near(t, "waited", tick.Observation.Waited, 25)
	near(t, "oldest", tick.Observation.OldestAge, 2)

	// A batch takes the 30, from 2 s to 3 s; 40 more arrive until 4 s. Its end
	// is told late, after the sample of 4 s.
	k.TriggerStart(seconds(2), 2*time.Second)
	if !k.InBatch() {
		t.Error("not in a batch")
	}
	k.Arrived(seconds(4), 70, true)
	k.TriggerEnd(seconds(4), Batch, seconds(3), 30, 30, false)
	reference := k.s.Meter.Reference
	tick = k.Tick(seconds(4), 7)
	o := &tick.Observation
	// 30 to 50 outstanding in the first second, 20 to 40 in the second.
	near(t, "latency", tick.Cost.Latency, (40+30)/reference)
	near(t, "batches", tick.Cost.Batch, 1)
	near(t, "discounted batch", tick.Discounted.Batch, math.Exp(-1./60))
	near(t, "outstanding", o.Outstanding, 40)
	near(t, "waited since 2 s, for what the batch left", o.Waited, 40)
	near(t, "oldest", o.OldestAge, 2)
	near(t, "since trigger", o.SinceTrigger, 2)
	near(t, "batch", o.BatchLast, 1)
	near(t, "warm-up", o.WarmupLeft, 2)
	if tick.Cause != 7 || tick.Cost.Empty != 0 {
		t.Errorf("cause %d, %v empty", tick.Cause, tick.Cost.Empty)
	}
}

func TestTrackerCountsATriggerOnce(t *testing.T) {
	k := started(t)
	for i, o := range []Outcome{Empty, HeldBack, Batch, Unknown} {
		at := seconds(float64(i + 1))
		k.TriggerStart(at, 0)
		k.TriggerEnd(at+1e8, o, at+1e8, 0, 0, false)
		c := k.Tick(at+1e8, 0).Cost
		want := []Components{{Empty: 1}, {}, {Batch: 1}, {}}[i]
		if c.Empty != want.Empty || c.Batch != want.Batch {
			t.Errorf("outcome %d cost %+v", o, c)
		}
	}
}

func TestTrackerMissCountsEachLateEventSecond(t *testing.T) {
	k := started(t)
	set := settings(t)
	set.Target = 3 * time.Second
	k.Configure(set, 2*time.Second)
	k.Arrived(seconds(1), 10, true) // late from 3 s to 4 s on
	k.Arrived(seconds(6), 10, true)
	tick := k.Tick(seconds(6), 0)
	near(t, "miss", tick.Cost.Miss, (5+10+10)/10.0)
	near(t, "target", tick.Observation.Target, 3)
}

func TestTrackerExtrapolatesAndIsSetRight(t *testing.T) {
	k := started(t)
	for i := 1; i <= 100; i++ {
		k.Arrived(seconds(float64(i)/5), float64(2*i), true)
	}
	first := k.Tick(seconds(20), 0)
	guess := k.Tick(seconds(22), 0) // unseen: 20 more expected
	near(t, "extrapolated", guess.Observation.Outstanding, 220)
	near(t, "latency", guess.Cost.Latency*first.Observation.Reference, 2*210)
	k.Arrived(seconds(23), 200, true) // nothing came
	set := k.Tick(seconds(23), 0)
	near(t, "outstanding", set.Observation.Outstanding, 200)
	got := guess.Cost.Latency*first.Observation.Reference + set.Cost.Latency*guess.Observation.Reference
	near(t, "latency over both", got, 3*200)
}

func TestTrackerBlindLearnsArrivalsFromBatches(t *testing.T) {
	k := NewTracker("app/q", "run", nil, 0)
	k.Past(10, 24*time.Hour)
	k.Configure(settings(t), 2*time.Second)
	k.Tick(0, 0)
	total, latency := 0.0, 0.0
	for i := 1; i <= 200; i++ {
		at := seconds(2 * float64(i))
		total += 20 // 10 a second, each batch takes all
		k.TriggerStart(at, 2*time.Second)
		k.TriggerEnd(at.Add(0.5), Batch, at.Add(0.5), total, 20, false)
		for _, u := range []float64{0.5, 1, 1.5} {
			tick := k.Tick(at.Add(u), 0)
			if i > 10 {
				latency += tick.Cost.Latency
			}
			if tick.Observation.Sighted != 0 {
				t.Fatal("claims to see")
			}
		}
	}
	// Little: an event waits 1 s for its batch and 0.5 s in it. 190 rounds.
	if mean := latency / (190 * 2); math.Abs(mean-1.5) > 0.05 {
		t.Errorf("mean latency %v s, want 1.5", mean)
	}
	o := k.Tick(seconds(402), 0).Observation
	if math.Abs(o.R15-10) > 0.1 || math.Abs(o.Outstanding-20) > 0.5 {
		t.Errorf("rate %v, outstanding %v", o.R15, o.Outstanding)
	}
}

func TestTrackerWarmUpAndGapsDoNotTeach(t *testing.T) {
	k := started(t)
	teaches := func(at float64) bool { return k.Tick(seconds(at), 0).Teaches }
	for i := range 3 {
		at := float64(i + 1)
		k.Arrived(seconds(at), 10*at, true)
		k.TriggerStart(seconds(at), 0)
		k.TriggerEnd(seconds(at+0.1), Batch, seconds(at+0.1), 10*at, 10, false)
		if teaches(at+0.1) || teaches(at+0.2) != (i == 2) {
			t.Fatalf("batch %d teaches wrongly", i+1)
		}
	}
	if !k.Warmed() || !teaches(4) {
		t.Error("warm, and teaches not")
	}
	k.Gap()
	if teaches(5) || !teaches(6) {
		t.Error("a gap spoils its own step, and no other")
	}
}

// drive makes one arbitrary call of everything that a tracker may be told.
func drive(t *rapid.T, k *Tracker, now *Time) {
	*now += Time(rapid.Int64Range(0, 3e9).Draw(t, "dt"))
	at := *now - Time(rapid.Int64Range(0, 2e8).Draw(t, "late"))
	x := rapid.OneOf(rapid.Float64Range(0, 1e4), rapid.SampledFrom([]float64{
		math.NaN(), math.Inf(1), -1, 1e300, 1e15,
	})).Draw(t, "x")
	switch rapid.IntRange(0, 9).Draw(t, "call") {
	case 0, 1:
		k.Arrived(at, x, rapid.Bool().Draw(t, "sighted"))
	case 2:
		k.TriggerStart(at, time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "interval")))
	case 3, 4:
		o := Outcome(rapid.IntRange(0, 4).Draw(t, "outcome"))
		k.TriggerEnd(*now, o, at, x, rapid.OneOf(rapid.Just(x), rapid.Float64()).Draw(t, "rows"), rapid.Bool().Draw(t, "noData"))
	case 5:
		k.SetRung(rapid.IntRange(-1, 9).Draw(t, "rung"))
	case 6:
		k.SetCaps(x, rapid.Float64().Draw(t, "floor"))
	case 7:
		k.SetNeighbours(Neighbours{Running: x, Busy: rapid.Float64().Draw(t, "busy"), Queries: x, Left: x, Before: x, Cores: x, Contention: x})
	case 8:
		k.Gap()
	case 9:
		k.Applied(k.Command(*now))
	}
}

func fresh(t *rapid.T) *Tracker {
	k := NewTracker("app/q", "run", &last{}, 0)
	set := settings(t)
	set.Target = time.Duration(rapid.SampledFrom([]int64{0, 2e9}).Draw(t, "target"))
	k.Configure(set, 2*time.Second)
	return k
}

func TestTrackerSavesExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, now := fresh(t), Time(0)
		for range rapid.IntRange(0, 40).Draw(t, "before") {
			drive(t, k, &now)
			k.Tick(now, 0)
		}
		drive(t, k, &now)
		b, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		forecast, err := k.AppendForecast(nil)
		if err != nil {
			t.Fatal(err)
		}
		again := NewTracker("", "", &last{}, 0)
		if err := json.Unmarshal(b, again); err != nil {
			t.Fatal(err)
		}
		if err := again.ReadForecast(forecast); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 20).Draw(t, "after") {
			now += 3e8
			k.Arrived(now, float64(now/1e8), true)
			again.Arrived(now, float64(now/1e8), true)
			if x, y := k.Tick(now, 1), again.Tick(now, 1); x != y {
				t.Fatalf("read back, it goes another way:\n%+v\n%+v", x, y)
			}
		}
		x, errX := json.Marshal(k)
		y, errY := json.Marshal(again)
		if errX != nil || errY != nil || string(x) != string(y) {
			t.Fatalf("and is saved otherwise: %v %v", errX, errY)
		}
	})
}

func TestTrackerTicksAreFiniteWhateverItIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, now := fresh(t), Time(0)
		var f Features
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			drive(t, k, &now)
			if k.InBatch() && rapid.Bool().Draw(t, "no tick") {
				continue
			}
			tick := k.Tick(now, 0)
			o := &tick.Observation
			for _, x := range []float64{
				tick.Elapsed, tick.Cost.Latency, tick.Cost.Backlog, tick.Cost.Miss,
				tick.Discounted.Latency, tick.Discounted.Backlog, tick.Discounted.Miss,
				o.Outstanding, o.Waited, o.OldestAge, o.Idle, o.SightAge, o.SinceTrigger, o.Interval,
				o.R05, o.R2, o.R15, o.R300, o.Reference, o.BatchLast, o.Overhead, o.PerRow, o.NextRows,
				o.DriverQueries, o.DriverLeft, o.DriverBefore, o.Cores, o.Contention, o.NextPrice, o.SlowEvery, o.SlowSince, o.SlowExtra,
			} {
				if !finite(x) || x < 0 {
					t.Fatalf("%v in %+v", x, tick)
				}
			}
			if d := tick.Discounted.Latency; d > tick.Cost.Latency*(1+1e-9)+1e-9 {
				t.Fatalf("discounted %v of %v", d, tick.Cost.Latency)
			}
			o.Features(&f)
		}
	})
}

func TestTrackerTickAllocatesNothing(t *testing.T) {
	k := started(t)
	now, total := Time(0), 0.0
	var f Features
	if n := testing.AllocsPerRun(2000, func() { step(k, &now, &total, &f) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// step is a decision period: a sample, a tick, its features; a batch each 2 s.
func step(k *Tracker, now *Time, total *float64, f *Features) {
	*now += 2e8
	*total += 20
	k.Arrived(*now, *total, true)
	if *now%2e9 == 0 {
		k.TriggerStart(*now, 2*time.Second)
		*now += 2e8
		k.TriggerEnd(*now, Batch, *now, *total, 200, false)
	}
	tick := k.Tick(*now, 0)
	tick.Observation.Features(f)
}

func BenchmarkTickAndFeatures(b *testing.B) {
	k := NewTracker("app/q", "run", &last{}, 0)
	set := settings(b)
	set.Target = 5 * time.Second
	k.Configure(set, 2*time.Second)
	now, total := Time(0), 0.0
	var f Features
	b.ReportAllocs()
	for b.Loop() {
		step(k, &now, &total, &f)
	}
}

func TestTrackerCopyGoesTheSameWay(t *testing.T) {
	warm := NewTracker("", "", &last{}, 0)
	rapid.Check(t, func(t *rapid.T) {
		k, now := fresh(t), Time(0)
		for range rapid.IntRange(0, 60).Draw(t, "before") {
			drive(t, k, &now)
			k.Tick(now, 0)
		}
		warm.CopyFrom(k) // whatever it was before
		x, errX := json.Marshal(k)
		y, errY := json.Marshal(warm)
		if errX != nil || errY != nil || string(x) != string(y) {
			t.Fatalf("a copy is saved otherwise: %v %v", errX, errY)
		}
		for range rapid.IntRange(1, 20).Draw(t, "after") {
			now += 3e8
			k.Arrived(now, float64(now/1e8), true)
			warm.Arrived(now, float64(now/1e8), true)
			if x, y := k.Tick(now, 1), warm.Tick(now, 1); x != y {
				t.Fatalf("a copy goes another way:\n%+v\n%+v", x, y)
			}
		}
	})
	k, now, total := started(t), Time(0), 0.0
	var f Features
	warm.CopyFrom(k)
	if n := testing.AllocsPerRun(200, func() {
		step(k, &now, &total, &f)
		warm.CopyFrom(k)
	}); n != 0 {
		t.Errorf("%v allocations a copy", n)
	}
}

func TestTrackerNoticesSlowBatches(t *testing.T) {
	k := started(t)
	var o Observation
	for i := 1; i <= 60; i++ {
		at, d := float64(i), 0.1
		if i%6 == 0 {
			d = 0.7
		}
		k.Arrived(seconds(at), 10*at, true)
		k.TriggerStart(seconds(at), time.Second)
		k.TriggerEnd(seconds(at+d), Batch, seconds(at+d), 10*at, 10, false)
		o = k.Tick(seconds(at+d), 0).Observation
		if want := float64(i % 6); i >= 6 && o.SlowSince != want {
			t.Fatalf("after batch %d: %v since the last slow one, want %v", i, o.SlowSince, want)
		}
	}
	if o.SlowEvery < 5.5 || o.SlowEvery > 6 || math.Abs(o.SlowExtra-0.6) > 0.1 {
		t.Errorf("slow each %v, by %v s; want 6 and 0.6", o.SlowEvery, o.SlowExtra)
	}
	next := NewTracker("app/q", "again", nil, 0)
	next.Inherit(k)
	if next.s.Slow != k.s.Slow {
		t.Errorf("the next run knows %+v", next.s.Slow)
	}
}

func TestSmallBatchesCountMore(t *testing.T) {
	s := Settings{FullBatch: 1000}
	for rows, want := range map[float64]float64{0: 1, 100: 0.91, 500: 0.55, 1000: 0.1, 1e9: 0.1} {
		near(t, "price", s.BatchPrice(rows), want)
	}
	near(t, "without", (&Settings{}).BatchPrice(500), 1)
	k := started(t)
	set := settings(t)
	set.FullBatch = 100
	k.Configure(set, 2*time.Second)
	k.Arrived(seconds(1), 50, true)
	near(t, "next price", k.Tick(seconds(1), 0).Observation.NextPrice, 0.55)
	k.TriggerStart(seconds(1), 0)
	k.TriggerEnd(seconds(2), Batch, seconds(2), 50, 50, false)
	tick := k.Tick(seconds(2), 0)
	near(t, "batch", tick.Cost.Batch, 0.55)
	near(t, "discounted batch", tick.Discounted.Batch, 0.55*math.Exp(-1./60))
}
