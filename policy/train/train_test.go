package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"rubato/env"
	"rubato/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const size = 7

var layout = policy.Layout{Inputs: env.NumFeatures, Width: 8}

func sample(seed uint64) ([]float64, *Batch) {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := layout.Initial(rng)
	for i := range w {
		w[i] += 0.3 * rng.NormFloat64()
	}
	b := NewBatch(layout, size)
	masks := []env.Mask{{true, true, true}, {false, true, true}, {true, true, false}, {false, true, false}}
	for i := range size - 1 { // the last stays padding
		b.Mask[i] = masks[rng.IntN(len(masks))]
		b.Entropy[i] = rng.Float64()
		b.Target[i], b.Fit[i] = rng.NormFloat64(), rng.Float64()
		for a, ok := range b.Mask[i] {
			if ok {
				b.Pick[i*env.NumActions+a] = rng.NormFloat64()
			}
		}
		for j := range layout.Inputs {
			b.Features[i*layout.Inputs+j] = rng.NormFloat64()
		}
	}
	return w, b
}

func newGraph(t *testing.T) *Graph {
	t.Helper()
	g, err := NewGraph(layout, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestGraphSaysWhatThePlainForwardSays(t *testing.T) {
	g := newGraph(t)
	for seed := range uint64(20) {
		w, b := sample(seed)
		if _, err := g.Gradient(w, b, make([]float64, len(w))); err != nil {
			t.Fatal(err)
		}
		net, err := policy.NewNetwork(layout, w)
		if err != nil {
			t.Fatal(err)
		}
		logPi, value := flat(g.logPi), flat(g.value)
		for i := range size {
			x := b.Features[i*layout.Inputs : (i+1)*layout.Inputs]
			var p policy.Probabilities
			net.Act(x, b.Mask[i], &p)
			for a, ok := range b.Mask[i] {
				if ok {
					near(t, "log pi", logPi[i*env.NumActions+a], math.Log(p[a]), 1e-12)
				} else if p[a] != 0 {
					t.Errorf("seed %d sample %d: forbidden action has probability %v", seed, i, p[a])
				}
			}
			near(t, "value", value[i], net.Value(x), 1e-12)
		}
	}
}

func TestGradientIsThatOfAnIndependentBackwardPass(t *testing.T) {
	g := newGraph(t)
	for seed := range uint64(20) {
		w, b := sample(seed)
		grad := make([]float64, len(w))
		loss, err := g.Gradient(w, b, grad)
		if err != nil {
			t.Fatal(err)
		}
		wantLoss, want := reference(layout, w, b)
		near(t, "policy loss", loss.Policy, wantLoss.Policy, 1e-10)
		near(t, "entropy", loss.Entropy, wantLoss.Entropy, 1e-10)
		near(t, "value loss", loss.Value, wantLoss.Value, 1e-10)
		for i := range grad {
			near(t, "gradient", grad[i], want[i], 1e-10)
		}
	}
}

func TestGradientIsThatOfFiniteDifferences(t *testing.T) {
	g := newGraph(t)
	w, b := sample(99)
	grad, scratch := make([]float64, len(w)), make([]float64, len(w))
	if _, err := g.Gradient(w, b, grad); err != nil {
		t.Fatal(err)
	}
	total := func() float64 {
		l, err := g.Gradient(w, b, scratch)
		if err != nil {
			t.Fatal(err)
		}
		return l.Policy - l.Entropy + l.Value
	}
	const h = 1e-6
	for i := 0; i < len(w); i += 3 {
		was := w[i]
		w[i] = was + h
		up := total()
		w[i] = was - h
		down := total()
		w[i] = was
		near(t, "gradient", grad[i], (up-down)/(2*h), 1e-6)
	}
}

func TestAGraphForgetsTheRunBefore(t *testing.T) {
	g := newGraph(t)
	w, b := sample(1)
	first, again := make([]float64, len(w)), make([]float64, len(w))
	if _, err := g.Gradient(w, b, first); err != nil {
		t.Fatal(err)
	}
	w2, b2 := sample(2)
	if _, err := g.Gradient(w2, b2, again); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Gradient(w, b, again); err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("gradient %d is %v after another batch, was %v", i, again[i], first[i])
		}
	}
}

func TestAdamTakesTheStepsOfItsPaper(t *testing.T) {
	w := []float64{1, 1}
	a := NewAdam(2)
	a.Update(w, []float64{2, -0.5}, 1, 0.1, 0.01)
	near(t, "first step, first weight", w[0], 1-0.1*2/(2+1e-5), 1e-12)
	near(t, "first step, second weight", w[1], 1+0.01*0.5/(0.5+1e-5), 1e-12)
	a.Update(w, []float64{0, 0}, 1, 0.1, 0.01)
	// m = 0.9 x 0.2 = 0.18, v = 0.999 x 0.004 = 0.003996.
	m, v := 0.18/(1-0.81), 0.003996/(1-0.998001)
	near(t, "second step", w[0], 1-0.1*2/(2+1e-5)-0.1*m/(math.Sqrt(v)+1e-5), 1e-12)
}

func TestClipNormKeepsTheDirection(t *testing.T) {
	g := []float64{3, 4}
	near(t, "norm", ClipNorm(g, 0.5), 5, 1e-15)
	near(t, "first", g[0], 0.3, 1e-15)
	near(t, "second", g[1], 0.4, 1e-15)
	if ClipNorm(g, 0.6); g[0] != 0.3 && g[0] != 0.30000000000000004 {
		t.Errorf("a short gradient was changed: %v", g)
	}
}

func near(t *testing.T, what string, got, want, eps float64) {
	t.Helper()
	if !(math.Abs(got-want) <= eps*max(1, math.Abs(want))) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func BenchmarkGradient64(b *testing.B) {
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	g, err := NewGraph(l, 64)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	w, grad := l.Initial(rand.New(rand.NewPCG(1, 1))), make([]float64, l.Size())
	batch := NewBatch(l, 64)
	for b.Loop() {
		if _, err := g.Gradient(w, batch, grad); err != nil {
			b.Fatal(err)
		}
	}
}
