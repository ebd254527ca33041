package spark

import (
	"math"
	"testing"

	"rubato/env"
)

func TestHoursOfMessagesReadAtOnceAreNotTakenForTheLoadOfASecond(t *testing.T) {
	for _, hours := range []int{0, 1, 4} {
		w := &world{Environment: New(options(t)), tb: t}
		w.act = func(tick env.Tick) int { return int(tick.Observation.Rung) }
		now := at(0)
		w.feed(env.Input{At: now, Kind: env.InputStart, Value: []byte(`{"epoch":1}`)})
		a := newAgent(t, "shop/orders", "r1")
		read := func(in ...env.Input) {
			for _, x := range in {
				now += 20e3 // 20 microseconds a message
				x.At = now
				w.feed(x)
			}
		}
		began := at(-3600 * float64(hours))
		read(a.started(began, SourceOptions{Subscribe: "orders", Brokers: "b:1"}))
		for s := began; s < at(0); s += 1e9 {
			read(a.batch(s, 100)...)
		}
		w.feed(env.Input{At: now, Kind: env.InputCaughtUp})
		for s := 2.0; s <= 60; s++ {
			w.feed(a.batch(at(s), 100)...)
			w.feed(tickAt(at(s + 0.4)))
		}
		o := w.last().Observation
		if math.Abs(o.Reference-100) > 5 || math.Abs(o.R15-100) > 10 {
			t.Errorf("%d hours of history: %.0f events a second for reference and %.0f of late, want 100", hours, o.Reference, o.R15)
		}
	}
}

func TestWhatIsReadOfThePastDoesNotReplaceWhatAFormerRunLearnt(t *testing.T) {
	w, a := introduced(t)
	for i := range 30 {
		w.feed(sampleAt(t, at(6+float64(i)), "b:1", 300+int64(50*i)))
		w.feed(a.batch(at(6+float64(i)), 50)...)
	}
	w.feed(tickAt(at(36)))
	want := w.last().Observation.Reference
	w.feed(a.terminated(at(36.1)))
	w.feed(env.Input{At: at(3600), Kind: env.InputStart, Value: []byte(`{"epoch":2}`)})
	now := at(3600)
	read := func(in ...env.Input) {
		for _, x := range in {
			now += 20e3
			x.At = now
			w.feed(x)
		}
	}
	for _, id := range []string{"r2", "r3"} { // two runs came up meanwhile, and one of them ended
		b := newAgent(t, a.key, id)
		read(b.started(at(100), SourceOptions{Subscribe: "orders"}))
		for i := range 40 {
			read(b.batch(at(101+float64(i)), 5000)...)
		}
		if id == "r2" {
			read(b.terminated(at(142)))
		}
		a = b
	}
	w.feed(env.Input{At: now, Kind: env.InputCaughtUp})
	w.feed(a.empty(at(3601))...)
	if got := w.last(); got.Run != "r3" || got.Observation.Reference != want || want == 0 {
		t.Errorf("run %s with a reference of %v; want r3 with the former run's %v", got.Run, got.Observation.Reference, want)
	}
}

func TestRunsAreGivenTimeToSpeakAfterALongOutageOfTheTuner(t *testing.T) {
	w, a := introduced(t)
	w.feed(env.Input{At: at(5000), Kind: env.InputStart, Value: []byte(`{"epoch":2}`)}, tickAt(at(5000.1)))
	if n := len(w.queries["shop/orders"].runs); n != 1 {
		t.Fatalf("%d runs right after the start, want the one from before", n)
	}
	a.m.Seq += 100
	w.feed(env.Input{At: at(5000.2), Kind: env.InputCaughtUp}, a.heartbeat(at(5029)), tickAt(at(5029.5)))
	if got := w.last(); got.Run != "r1" || got.First {
		t.Errorf("it is followed as run %s, new is %v", got.Run, got.First)
	}
	w.feed(env.Input{At: at(9000), Kind: env.InputStart, Value: []byte(`{"epoch":3}`)}, tickAt(at(9000.1)), tickAt(at(9031)))
	if n := len(w.queries["shop/orders"].runs); n != 0 {
		t.Errorf("%d runs, silent for three leases of the tuner's life", n)
	}
}

func TestWhatAQueryLearntIsKeptForADayAfterItsLastRun(t *testing.T) {
	const hour = 3600
	w, a := introduced(t)
	for i := range 10 {
		w.feed(a.batch(at(6+float64(i)), 50)...)
	}
	w.feed(a.terminated(at(20)), tickAt(at(20+23*hour)))
	if !w.Known("shop/orders") {
		t.Error("forgotten after 23 hours")
	}
	if w.feed(tickAt(at(20 + 25*hour))); w.Known("shop/orders") {
		t.Error("known after 25 hours")
	}
}
