package rules_test

import (
	"math"
	"testing"

	"rubato/env"
	"rubato/policy/rules"
)

// The rules that learn from finished triggers, driven through a query that
// does as it is told: 100 events/s, batches of overhead + perRow x events.
type loop struct {
	overhead, perRow, rate float64
	at, interval           float64
	begun                  bool
}

// run lets the rival decide at the end of each of n batches, and returns the
// interval that it then names.
func (l *loop) run(r rules.Rival, n int) float64 {
	if !l.begun {
		l.interval = 2
		r.Decide(&env.Tick{First: true, At: env.Time(l.at * 1e9), Observation: l.see(0.01, 0)})
	}
	l.begun = true
	for range n {
		l.at += l.interval
		rows := l.rate * l.interval
		took := l.overhead + l.perRow*rows
		tick := env.Tick{At: env.Time((l.at + took) * 1e9), Elapsed: l.interval, Observation: l.see(took, took)}
		tick.Cost.Batch = 1
		tick.Cost.Latency = l.interval * (l.interval/2 + took) // Little, rate = mean rate
		l.interval = max(r.Decide(&tick), took)
	}
	return l.interval
}

func (l *loop) see(since, took float64) env.Observation {
	o := steady()
	o.SinceTrigger, o.Interval, o.BatchLast = since, l.interval, took
	o.Overhead, o.PerRow = l.overhead, l.perRow
	o.R05, o.R2, o.R15, o.R300 = l.rate, l.rate, l.rate, l.rate
	o.Forecast = [3]float64{l.rate, l.rate, l.rate}
	o.Outstanding = l.rate * took
	return o
}

func query() *loop { return &loop{overhead: 0.25, perRow: 1. / 5000, rate: 100} }

func TestFixedPointSettlesWhereBatchesTakeRhoOfTheInterval(t *testing.T) {
	x := query().run(with(t, "fixed-point", map[string]float64{"rho": 0.7, "floor": 0.05}), 60)
	if want := 0.25 / (0.7 - 0.02); math.Abs(x-want) > 0.1*want {
		t.Errorf("settled at %v s, want about %v", x, want)
	}
	if x = query().run(with(t, "fixed-point", map[string]float64{"floor": 5}), 60); x != 5 {
		t.Errorf("went to %v s, below its floor", x)
	}
}

func TestDybbsSettlesAtTheSmallestStableInterval(t *testing.T) {
	x := query().run(with(t, "dybbs", map[string]float64{"rho": 0.8, "floor": 0.05}), 200)
	if want := 0.25 / (0.8 - 0.02); x < 0.7*want || x > 1.4*want {
		t.Errorf("settled at %v s, want about %v", x, want)
	}
}

func TestAimdHoldsTheOverheadInItsBand(t *testing.T) {
	l := query()
	r := with(t, "aimd", map[string]float64{"high": 0.1, "low": 0.5, "times": 1.5, "minus": 0.1})
	l.run(r, 100)
	for range 50 {
		if x := l.run(r, 1); 0.25/x > 0.1 || 0.25/x < 0.05 {
			t.Fatalf("overhead is %v of %v s", 0.25/x, x)
		}
	}
}

func TestPidSettlesAtItsSetPoint(t *testing.T) {
	x := query().run(with(t, "pid", map[string]float64{"rho": 0.5, "floor": 0.05}), 60)
	if want := 0.25 / (0.5 - 0.02); math.Abs(x-want) > 0.1*want {
		t.Errorf("settled at %v s, want about %v", x, want)
	}
}

func TestExecutorRatioDoublesAndHalves(t *testing.T) {
	r := with(t, "executor-ratio", map[string]float64{"up": 0.9, "down": 1. / 3, "period": 10, "floor": 0.1})
	if x := query().run(r, 200); x > 1.01 || x < 0.5 {
		t.Errorf("idle three quarters of the time it settled at %v s, want 0.5 to 1", x)
	}
	busy := query()
	busy.overhead = 3
	r = with(t, "executor-ratio", map[string]float64{"up": 0.9, "down": 1. / 3, "period": 10, "floor": 0.1})
	if x := busy.run(r, 60); x < 4 {
		t.Errorf("overloaded at 3 s it settled at %v s", x)
	}
}

func TestReactiveRunsFastAfterALargeBatch(t *testing.T) {
	r := find(t, "reactive-published").New()
	if x := query().run(r, 4); x != 2 && x != 0.5 {
		t.Errorf("%v s is neither fast nor slow", x)
	}
	quiet := query()
	quiet.rate = 50 // 100 rows in 2 s
	if x := quiet.run(find(t, "reactive-published").New(), 4); x != 2 {
		t.Errorf("100 rows: %v s, want 2", x)
	}
	busy := query()
	busy.rate = 1000
	if x := busy.run(find(t, "reactive-published").New(), 4); math.Abs(x-0.5) > 0.01 {
		t.Errorf("500 rows and more: %v s, want 0.5", x)
	}
}

func TestAdaptiveStreamAsPublished(t *testing.T) {
	r := find(t, "adaptive-stream-published").New()
	o := steady()
	o.Interval = 2
	ask := func(at float64) float64 { return r.Decide(&env.Tick{At: env.Time(at * 1e9), Observation: o}) }
	if x := ask(0); x != 2 {
		t.Errorf("begins at %v s", x)
	}
	if x := ask(0.5); x != 2 {
		t.Errorf("moved within the second, to %v", x)
	}
	// 1000 events at 100/s are 10 s; 0.3 x 10 + 0.7 x 2 = 4.4, at most doubled.
	if x := ask(1); x != 4 {
		t.Errorf("after a second %v s, want 4", x)
	}
	for at := 2.; at < 40; at++ {
		ask(at)
	}
	if x := ask(41); math.Abs(x-10) > 0.01 {
		t.Errorf("settles at %v s, want 10", x)
	}
	o.R05, o.R2 = 0, 0
	for at := 42.; at < 200; at++ {
		ask(at)
	}
	if x := ask(201); x != 30 {
		t.Errorf("on nothing %v s, want its longest", x)
	}
}

func TestInformedRivalsAreToldTheTrueRate(t *testing.T) {
	n := 0
	for _, e := range rules.Rivals() {
		if !e.Informed {
			continue
		}
		n++
		r, ok := e.New().(rules.Informed)
		if !ok {
			t.Fatalf("%s cannot be told", e.Name)
		}
		r.Tell(func(env.Time) float64 { return 1e6 })
		o := steady()
		var x float64
		for at := range 40 {
			x = r.Decide(&env.Tick{At: env.Time(at * 1e9), Observation: o})
		}
		if x != 0.1 {
			t.Errorf("%s, told of a million a second: %v s", e.Name, x)
		}
	}
	if n == 0 {
		t.Error("there are none")
	}
}

func TestSpsaDescends(t *testing.T) {
	l := query()
	r := with(t, "spsa", map[string]float64{"a": 2, "c": 0.3, "window": 10})
	l.overhead = 0.01
	l.run(r, 10)
	sum, n := 0.0, 300
	l.run(r, 600)
	for range n {
		sum += math.Log(l.run(r, 1))
	}
	// Batches cost 0.3: the optimum is sqrt(0.6) = 0.77 s.
	if x := math.Exp(sum / float64(n)); x < 0.5 || x > 1.2 {
		t.Errorf("about %v s, want about 0.77", x)
	}
}
