package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"rubato/env/forecast"
)

// total is the loss of the chunk that a lane of each column would see, by the
// plain forward.
func total(w *forecast.Weights, k *Chunk) (sum float64, last []float64) {
	last = make([]float64, Lanes*outputs)
	var x [forecast.Inputs]float64
	var out [outputs]float64
	for j := range Lanes {
		var c forecast.Cell
		copy(c.H[:], k.H[j*hidden:])
		copy(c.C[:], k.C[j*hidden:])
		for t := range Unroll {
			copy(x[:], k.X[t][j*inputs:])
			c.Step(w, &x)
			c.Read(&w.Head, &out)
			for i, o := range out {
				sum += o * k.Pull[t][j*outputs+i]
			}
		}
		copy(last[j*outputs:], out[:])
	}
	return sum, last
}

func randomChunk(rng *rand.Rand) *Chunk {
	k := NewChunk()
	for t := range Unroll {
		for i := range k.X[t] {
			k.X[t][i] = rng.NormFloat64()
			if i%inputs == forecast.Inputs {
				k.X[t][i] = 1
			}
		}
		for i := range k.Pull[t] {
			k.Pull[t][i] = rng.NormFloat64() / Lanes
		}
	}
	for i := range k.H {
		k.H[i], k.C[i] = rng.Float64()-0.5, rng.NormFloat64()
	}
	return k
}

func TestTheGraphIsThePlainForwardAndItsGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w := initial(rng)
	for i := range w.Head {
		for k := range w.Head[i] {
			w.Head[i][k] = rng.NormFloat64()
		}
	}
	g, err := NewGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	var grad forecast.Weights
	for range 2 { // the second run must not remember the first
		k := randomChunk(rng)
		if err := g.Gradient(w, k, &grad); err != nil {
			t.Fatal(err)
		}
		_, want := total(w, k)
		for i, x := range g.Last() {
			if math.Abs(x-want[i]) > 1e-10 {
				t.Fatalf("output %d: %v in the graph, %v in plain Go", i, x, want[i])
			}
		}
		flatW, flatG := flatten(w, nil), flatten(&grad, nil)
		for range 8 {
			i := rng.IntN(len(flatW))
			const eps = 1e-5
			at := func(x float64) float64 {
				moved := append([]float64(nil), flatW...)
				moved[i] += x
				var v forecast.Weights
				restore(moved, &v)
				sum, _ := total(&v, k)
				return sum
			}
			d := (at(eps) - at(-eps)) / (2 * eps)
			if math.Abs(d-flatG[i]) > 1e-6*(1+math.Abs(d)) {
				t.Errorf("weight %d: gradient %v, by differences %v", i, flatG[i], d)
			}
		}
	}
}

func TestTheLossHasItsDerivative(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	out, pull, no := make([]float64, outputs), make([]float64, outputs), make([]float64, outputs)
	for range 50 {
		var y [3]float64
		for i := range out {
			out[i] = rng.NormFloat64()
		}
		for i := range y {
			y[i] = rng.NormFloat64()
		}
		Loss(out, &y, pull)
		for i := range out {
			const eps = 1e-6
			out[i] += eps
			up := Loss(out, &y, no)
			out[i] -= 2 * eps
			d := (up - Loss(out, &y, no)) / (2 * eps)
			out[i] += eps
			if math.Abs(d-pull[i]) > 1e-6 {
				t.Errorf("output %d: derivative %v, by differences %v", i, pull[i], d)
			}
		}
	}
}

func TestTheSameSeedGivesTheSameBits(t *testing.T) {
	run := func(seed uint64) *forecast.Weights {
		w, err := Train(context.Background(), Config{Seed: seed, Steps: 2})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	a, b, c := run(1), run(1), run(2)
	if *a != *b {
		t.Error("two trainings with one seed differ")
	}
	if *a == *c {
		t.Error("two trainings with different seeds are the same")
	}
}
