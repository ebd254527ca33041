package policy

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
)

func network(t testing.TB, seed uint64) *Network {
	t.Helper()
	l := Layout{Inputs: env.NumFeatures, Width: 32}
	rng := rand.New(rand.NewPCG(seed, 0))
	w := l.Initial(rng)
	for i := range w {
		w[i] += 0.2 * rng.NormFloat64()
	}
	n, err := NewNetwork(l, w)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestForbiddenActionsHaveNoProbability(t *testing.T) {
	n := network(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		var f env.Features
		for i := range f {
			f[i] = rapid.Float64Range(-4, 4).Draw(t, "feature")
		}
		mask := env.Mask{rapid.Bool().Draw(t, "shorten"), true, rapid.Bool().Draw(t, "lengthen")}
		var p Probabilities
		n.Act(f[:], mask, &p)
		if !p.Valid(mask) {
			t.Fatalf("probabilities %v under mask %v", p, mask)
		}
		if a := p.Argmax(mask); !mask[a] {
			t.Fatalf("argmax %v is forbidden by %v", a, mask)
		}
		if a := p.Sample(rapid.Float64Range(0, 0.999999).Draw(t, "u")); !mask[a] {
			t.Fatalf("sample %v is forbidden by %v", a, mask)
		}
	})
}

func TestTheSamePolicyFromTheSameSeed(t *testing.T) {
	if a, b := network(t, 7), network(t, 7); a.ID() != b.ID() {
		t.Errorf("ids %s and %s from one seed", a.ID(), b.ID())
	}
	if a, b := network(t, 7), network(t, 8); a.ID() == b.ID() {
		t.Errorf("one id %s from two seeds", a.ID())
	}
}

func TestIDNamesTheWeights(t *testing.T) {
	id := network(t, 1).ID()
	if !strings.HasPrefix(id, "net-") || len(id) != 16 {
		t.Errorf("id %q, want net- and 12 hexadecimal digits", id)
	}
}

func TestANetworkOfOtherInputsThanTheFeaturesIsRefused(t *testing.T) {
	for _, inputs := range []int{0, env.NumFeatures - 1, env.NumFeatures + 1} {
		l := Layout{Inputs: inputs, Width: 4}
		if _, err := NewNetwork(l, make([]float64, l.Size())); !errors.Is(err, ErrLayout) {
			t.Errorf("%d inputs: %v", inputs, err)
		}
	}
}

// A fresh actor moves the threshold of the rule that it starts from by little.
func TestAFreshActorIsNearlyTheRuleOfItsPrior(t *testing.T) {
	l := Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := NewNetwork(l, l.Initial(rand.New(rand.NewPCG(3, 0))))
	if err != nil {
		t.Fatal(err)
	}
	o := env.Observation{
		SinceTrigger: 4, Interval: 8, Shorter: 4, Longer: 16, Period: 0.2, Rung: 3, Rungs: 6, Sighted: 1,
		Outstanding: 4, Reference: 10, Weights: env.Weights{Latency: 1, Batch: 0.3},
		R05: 10, R2: 10, R15: 10, R300: 10, Forecast: [3]float64{10, 10, 10}, NextPrice: 1,
	}
	var (
		p        Probabilities
		features env.Features
	)
	// waited is how many event-seconds make the prior's margin so much.
	waited := func(margin float64) float64 {
		lo, hi := 0.0, 1e3
		for range 60 {
			o.Waited = (lo + hi) / 2
			if o.Features(&features); prior.Margin(features[:]) < margin {
				lo = o.Waited
			} else {
				hi = o.Waited
			}
		}
		if hi < 1e-3 {
			t.Fatalf("a margin above %v before anything has waited", margin)
		}
		return hi
	}
	for share, want := range map[float64]env.Action{0.8: env.Keep, 1.25: env.Shorten} {
		o.Waited = waited(math.Log(share))
		n.Probabilities(&o, Sensible(&o, everything), &p)
		if got := p.Argmax(everything); got != want || p[want] < 0.7 || p[want] > 0.95 {
			t.Errorf("%v of the threshold: %v, probabilities %v", share, got, p)
		}
		o.Features(&features)
		if m := n.Margin(features[:], env.Shorten, env.Keep); (m > 0) != (want == env.Shorten) {
			t.Errorf("%v of the threshold: margin %v", share, m)
		}
	}
}

func TestSampleFollowsTheProbabilities(t *testing.T) {
	p := Probabilities{0.25, 0, 0.75}
	for u, want := range map[float64]env.Action{0: env.Shorten, 0.2499: env.Shorten, 0.25: env.Lengthen, 0.99: env.Lengthen} {
		if got := p.Sample(u); got != want {
			t.Errorf("sample at %v is %v, want %v", u, got, want)
		}
	}
}

func TestActingAllocatesNothing(t *testing.T) {
	n := network(t, 1)
	var o env.Observation
	var p Probabilities
	if got := testing.AllocsPerRun(100, func() { n.Probabilities(&o, env.Mask{true, true, true}, &p) }); got != 0 {
		t.Errorf("%v allocations a decision", got)
	}
}

func BenchmarkNetworkProbabilities(b *testing.B) {
	n := network(b, 1)
	o := env.Observation{Interval: 1, SinceTrigger: 0.4, R2: 100, Reference: 100}
	var p Probabilities
	b.ReportAllocs()
	for b.Loop() {
		n.Probabilities(&o, env.Mask{true, true, true}, &p)
	}
}
