package policy

import (
	"encoding/json"
	"math"
	"testing"

	"rubato/env"
)

// fixed is a policy that always says the same.
type fixed Probabilities

func (f fixed) ID() string { return "fixed" }

func (f fixed) Probabilities(_ *env.Observation, _ env.Mask, p *Probabilities) {
	*p = Probabilities(f)
}

var (
	all     = env.Mask{true, true, true}
	shorten = Probabilities{1, 0, 0}
	longer  = Probabilities{0.1, 0.1, 0.8}
)

// end is the tick at the n-th trigger's end, 10 s apart, with so many seconds
// of work outstanding.
func end(n int, work float64) *env.Tick {
	return &env.Tick{
		At: env.Time(n) * 10e9, Mask: all, First: n == 1,
		Observation: env.Observation{SinceTrigger: 1, Interval: 1, Overhead: 0.3, PerRow: 0.001, Outstanding: work * 1000},
	}
}

func TestShieldLetsASoundPolicyPass(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	for n := 1; n < 50; n++ {
		if a, v := s.Check(end(n, 5), &longer, env.Lengthen, &st); a != env.Lengthen || v != 0 {
			t.Fatalf("trigger %d: %v with verdict %d", n, a, v)
		}
	}
}

func TestShieldHandsOverOnlyWhileTheDebtKeepsGrowing(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	work := 1.0
	for n := 1; n <= 8; n++ {
		work *= 1.5
		a, v := s.Check(end(n, work), &longer, env.Lengthen, &st)
		if over := n >= growingEnds; over != (v == VerdictBacklog) || over != (a == env.Shorten) {
			t.Fatalf("trigger %d: %v with verdict %d", n, a, v)
		}
	}
	inside := end(8, work)
	inside.At += 2e8
	inside.Observation.SinceTrigger += 0.2
	if _, v := s.Check(inside, &longer, env.Lengthen, &st); v != VerdictBacklog {
		t.Errorf("inside the wait the verdict is %d", v)
	}
	if a, v := s.Check(end(9, work), &longer, env.Lengthen, &st); a != env.Lengthen || v != 0 {
		t.Errorf("once it stops growing: %v with verdict %d", a, v)
	}
}

func TestBackToBackBatchesWithoutDebtPass(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	for n := 1; n < 20; n++ {
		if _, v := s.Check(end(n, 0.01*float64(n)*float64(n)/4), &longer, env.Lengthen, &st); v != 0 {
			t.Fatalf("trigger %d: verdict %d for work within the interval", n, v)
		}
	}
}

// waited is a tick inside a wait whose events have cost so many prices of a
// batch.
func waited(prices float64) *env.Tick {
	t := end(1, 0.01)
	o := &t.Observation
	o.Sighted, o.Reference, o.Waited = 1, 100, prices*100
	o.Weights = env.Weights{Latency: 1, Batch: 1}
	return t
}

func TestAPolicyThatWaitsOutOfAllProportionIsOverruled(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	for _, prices := range []float64{0.6, 2, 0.99 * overdue} {
		if a, v := s.Check(waited(prices), &longer, env.Lengthen, &st); a != env.Lengthen || v != 0 {
			t.Errorf("at %v prices of a batch: %v with verdict %d", prices, a, v)
		}
	}
	if a, v := s.Check(waited(overdue), &longer, env.Lengthen, &st); a != env.Shorten || v != VerdictOverdue {
		t.Errorf("at %v prices of a batch: %v with verdict %d", overdue, a, v)
	}
	for name, change := range map[string]func(*env.Observation){
		"batches are free":            func(o *env.Observation) { o.Weights.Batch = 0 },
		"waiting is only guessed at":  func(o *env.Observation) { o.Sighted = 0 },
		"another query is waited for": func(o *env.Observation) { o.DriverQueries = 1 },
	} {
		tick := waited(2 * overdue)
		change(&tick.Observation)
		if a, v := s.Check(tick, &longer, env.Lengthen, &st); a != env.Lengthen || v != 0 {
			t.Errorf("where %s: %v with verdict %d", name, a, v)
		}
	}
}

// Where batches fill the time, each query waits for the others' whatever that
// costs; it does not where they would long have been through.
func TestQueriesThatTakeTurnsAreNotOverruled(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	tick := waited(100 * overdue)
	o := &tick.Observation
	o.DriverQueries, o.BatchSmoothed, o.SinceTrigger = 3, 0.5, 3.9
	if a, v := s.Check(tick, &longer, env.Lengthen, &st); a != env.Lengthen || v != 0 {
		t.Errorf("within twice the batches of all in turn: %v with verdict %d", a, v)
	}
	o.SinceTrigger = 4.1
	if a, v := s.Check(tick, &longer, env.Lengthen, &st); a != env.Shorten || v != VerdictOverdue {
		t.Errorf("beyond that: %v with verdict %d", a, v)
	}
}

func TestAgreementIsNoOverride(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	work := 1.0
	for n := 1; n <= 8; n++ {
		work *= 2
		if a, v := s.Check(end(n, work), &shorten, env.Shorten, &st); a != env.Shorten || v != 0 {
			t.Fatalf("trigger %d: %v with verdict %d", n, a, v)
		}
	}
}

func TestStaleMetricsKeepTheInterval(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	tick := end(1, 0)
	tick.Stale = true
	if a, v := s.Check(tick, &longer, env.Lengthen, &st); a != env.Keep || v != VerdictStale {
		t.Errorf("%v with verdict %d", a, v)
	}
}

func TestWhatIsNoDistributionIsTheRules(t *testing.T) {
	nan := math.NaN()
	for name, p := range map[string]Probabilities{
		"NaN": {nan, nan, nan}, "negative": {-0.5, 1, 0.5}, "not one": {0.2, 0.2, 0.2}, "infinite": {math.Inf(1), 0, 0},
	} {
		s, st := NewShield(fixed(shorten)), ShieldState{}
		if a, v := s.Check(end(1, 0), &p, env.Keep, &st); a != env.Shorten || v != VerdictNaN {
			t.Errorf("%s: %v with verdict %d", name, a, v)
		}
	}
	s, st := NewShield(fixed{nan, nan, nan}), ShieldState{}
	if a, v := s.Check(end(1, 0), &Probabilities{nan, 0, 0}, env.Keep, &st); a != env.Keep || v != VerdictNaN {
		t.Errorf("with a broken rule: %v with verdict %d", a, v)
	}
}

func TestForbiddenActionsDoNotPass(t *testing.T) {
	s, st := NewShield(fixed(Probabilities{0, 1, 0})), ShieldState{}
	tick := end(1, 0)
	tick.Mask = env.Mask{false, true, true}
	if a, v := s.Check(tick, &Probabilities{0, 0.5, 0.5}, env.Shorten, &st); a != env.Keep || v != VerdictNaN {
		t.Errorf("%v with verdict %d", a, v)
	}
}

func TestShieldStateSurvivesACheckpoint(t *testing.T) {
	s, st := NewShield(fixed(shorten)), ShieldState{}
	for n := 1; n <= 3; n++ {
		s.Check(end(n, math.Pow(1.7, float64(n))), &longer, env.Lengthen, &st)
	}
	b, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	var back ShieldState
	if err := json.Unmarshal(b, &back); err != nil || back != st {
		t.Errorf("%+v came back as %+v, %v", st, back, err)
	}
}
