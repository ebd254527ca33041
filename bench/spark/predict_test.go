package spark

import (
	"math"
	"testing"

	"rubato/env/sim"
)

func TestTheSimulatorRanksTheFixedIntervals(t *testing.T) {
	o := options(t.TempDir(), "steady")
	b := &bench{Options: o, weights: profile(o.Weights)}
	w, err := o.Traces[0].Cut(recordings, 1, o.Length-LeadIn)
	if err != nil {
		t.Fatal(err)
	}
	top, err := b.topFixed(w)
	if err != nil {
		t.Fatal(err)
	}
	d, err := calibration(fits, "files", 2)
	if err != nil {
		t.Fatal(err)
	}
	cost := func(name string) float64 {
		p, err := predict(d, w, b.weights, o.Length, name)
		if err != nil {
			t.Fatal(err)
		}
		return p.CostRate
	}
	if len(top) != 3 || cost(top[0]) > cost(top[1]) || cost(top[1]) > cost(top[2]) || cost(top[2]) > cost("fixed-30s") {
		t.Errorf("the best are %q", top)
	}
	limit, err := foresee(d, w, b.weights, o.Length)
	if err != nil {
		t.Fatal(err)
	}
	if best := cost(top[0]); !(limit > 0.5*best) || limit > best {
		t.Errorf("the clairvoyant is at %.3f, the best interval at %.3f", limit, best)
	}
}

func TestARunIsForetoldByACalibrationOnAsManyCores(t *testing.T) {
	o := options(t.TempDir(), "steady")
	cores := map[string]int{"fixed-500ms": 1, "fixed-1s": 2}
	for rival, n := range cores {
		r := Record{
			Key: key(t, o, "steady", 1, rival), Seconds: 30, Cores: n, Queries: make([]Figures, 1),
		}
		if err := appendRecord(o.Results, &r); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Summarise(o)
	if err != nil {
		t.Fatal(err)
	}
	for rival, n := range cores {
		d, err := calibration(fits, o.Job, n)
		if err != nil {
			t.Fatal(err)
		}
		want, err := predict(d, s.Windows[0].Window, profile(o.Weights), o.Length, rival)
		if err != nil {
			t.Fatal(err)
		}
		if got := *s.Windows[0].row(rival).Predicted; got != want {
			t.Errorf("%s on %d cores: foretold %+v, by its calibration %+v", rival, n, got, want)
		}
	}
}

func TestRivalsAreForetoldAtThePolicysBatchTimeToo(t *testing.T) {
	o := options(t.TempDir(), "steady")
	for rival, ms := range map[string]float64{Frozen: 400, waiting: 200} {
		r := Record{
			Key: key(t, o, "steady", 1, rival), Seconds: 30, CostRate: 1, Queries: []Figures{{Events: 12000, Batches: 40, BatchMs: ms}},
		}
		if err := appendRecord(o.Results, &r); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Summarise(o)
	if err != nil {
		t.Fatal(err)
	}
	policy, rule := s.Windows[0].row(Frozen), s.Windows[0].row(waiting)
	if policy.Equal == nil || *policy.Equal != *policy.Own || rule.Equal.CostRate < 1.05*rule.Own.CostRate {
		t.Errorf("at batches of 400 ms the policy %+v (own %+v), the rule %+v (at its own 200 ms %+v)", policy.Equal, policy.Own, rule.Equal, rule.Own)
	}
	if x, traces := s.equal(named(waiting)); traces != 1 || math.Abs(x-policy.Own.CostRate/rule.Equal.CostRate) > 1e-9 {
		t.Errorf("%g on %d traces", x, traces)
	}
}

// The higher threshold triggers less often.
func TestARuleIsForetoldWithTheParametersThatItPlayedWith(t *testing.T) {
	o := options(t.TempDir(), "steady")
	o.Policies = []string{"any"}
	for _, policy := range []string{"k=0.3", "k=0.9"} {
		r := Record{Key: key(t, o, "steady", 1, waiting), Seconds: 30, CostRate: 1, Queries: make([]Figures, 1)}
		r.Policy = policy
		if err := appendRecord(o.Results, &r); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Summarise(o)
	if err != nil {
		t.Fatal(err)
	}
	rows := s.Windows[0].Rows
	if len(rows) != 2 || rows[0].Policy != "k=0.3" || rows[0].Predicted.Triggers < 1.3*rows[1].Predicted.Triggers {
		t.Errorf("rows %+v", rows)
	}
}

func TestStragglersNowAndThenDoNotChangeHowOftenThePolicyTriggers(t *testing.T) {
	o := options(t.TempDir(), "steady")
	w, err := o.Traces[0].Cut(recordings, 1, o.Length-LeadIn)
	if err != nil {
		t.Fatal(err)
	}
	d, err := calibration(fits, "files", 2)
	if err != nil {
		t.Fatal(err)
	}
	triggers := func() float64 {
		p, err := predict(d, w, profile(o.Weights), o.Length, Frozen)
		if err != nil {
			t.Fatal(err)
		}
		return p.Triggers
	}
	without := triggers()
	d.Queries[0].Straggler = sim.Straggler{Probability: 0.005, Factor: 5}
	if with := triggers(); math.Abs(with/without-1) > 0.05 {
		t.Errorf("%.1f triggers with stragglers, %.1f without", with, without)
	}
}
