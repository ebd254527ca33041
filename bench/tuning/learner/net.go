package learner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"rubato/policy"
)

// shape is that of a network: hidden layers of tanh, or none, and linear
// outputs. Its input is Inputs numbers of now and then Steps blocks of past
// ones, the latest first, over which runs a gated recurrent unit (Cho et al.
// 2014); what that comes to joins now at the first hidden layer.
type shape struct {
	Inputs int
	// Depth hidden layers of Width; without one there is no recurrence.
	Depth, Width int
	Out          int
	// Steps blocks of the past are read by Units recurrent units.
	Steps, Units int
}

// size is that of an input.
func (s shape) size() int { return s.Inputs + s.Steps*blockSize }

// blocks lists the weights' matrices and biases as they lie.
func (s shape) blocks() []policy.Block {
	var out []policy.Block
	at := 0
	add := func(name string, rows, cols int) {
		out = append(out, policy.Block{Name: name, Offset: at, Rows: rows, Out: cols})
		at += rows * cols
	}
	last := s.Inputs
	for i := range s.Depth {
		add("w"+strconv.Itoa(i), last, s.Width)
		add("b"+strconv.Itoa(i), 1, s.Width)
		last = s.Width
	}
	add("w.out", last, s.Out)
	add("b.out", 1, s.Out)
	if s.Steps > 0 {
		add("u0", s.Units, s.Width)
		for _, gate := range []string{"keep", "reset", "new"} {
			add("w."+gate, blockSize, s.Units)
			add("u."+gate, s.Units, s.Units)
			add("b."+gate, 1, s.Units)
		}
	}
	return out
}

// weights is their number.
func (s shape) weights() int {
	blocks := s.blocks()
	last := blocks[len(blocks)-1]
	return last.Offset + last.Rows*last.Out
}

// net is a network of that shape.
type net struct {
	shape
	all    []float64            // its weights
	by     map[string][]float64 // their blocks, by name
	layers []layer

	out                       []float64
	state, keep, reset, fresh []float64
}

// layer is a hidden one: views of the weights, and scratch space.
type layer struct{ w, b, h []float64 }

// newNet draws Glorot-uniform weights; those of the last layer are scaled.
func newNet(s shape, rng *rand.Rand, scale float64) *net {
	n := netOf(s, make([]float64, s.weights()))
	for _, b := range s.blocks() {
		limit := math.Sqrt(6 / float64(b.Rows+b.Out))
		if b.Name == "w.out" {
			limit *= scale
		}
		w := n.by[b.Name]
		for i := range w {
			if b.Rows > 1 {
				w[i] = limit * (2*rng.Float64() - 1)
			}
		}
	}
	return n
}

// netOf has these weights, and scratch space of its own.
func netOf(s shape, weights []float64) *net {
	n := &net{shape: s, all: weights, by: map[string][]float64{}}
	for _, b := range s.blocks() {
		n.by[b.Name] = weights[b.Offset : b.Offset+b.Rows*b.Out]
	}
	floats := func(k int) []float64 { return make([]float64, k) }
	for i := range s.Depth {
		n.layers = append(n.layers, layer{n.by["w"+strconv.Itoa(i)], n.by["b"+strconv.Itoa(i)], floats(s.Width)})
	}
	n.out = floats(s.Out)
	n.state, n.keep, n.reset, n.fresh = floats(s.Units), floats(s.Units), floats(s.Units), floats(s.Units)
	return n
}

// copyOf has weights of its own.
func copyOf(n *net) *net { return netOf(n.shape, slices.Clone(n.all)) }

// forward returns the outputs for x, until it is called again.
func (n *net) forward(x []float64) []float64 {
	h := x[:n.Inputs]
	for i, l := range n.layers {
		copy(l.h, l.b)
		addProduct(l.h, h, l.w)
		if i == 0 && n.Steps > 0 {
			addProduct(l.h, n.remember(x[n.Inputs:]), n.by["u0"])
		}
		squash(l.h, math.Tanh)
		h = l.h
	}
	copy(n.out, n.by["b.out"])
	addProduct(n.out, h, n.by["w.out"])
	return n.out
}

// remember runs the recurrent units from the oldest block to the latest.
func (n *net) remember(past []float64) []float64 {
	clear(n.state)
	gate := func(out []float64, name string, x, state []float64) {
		copy(out, n.by["b."+name])
		addProduct(out, x, n.by["w."+name])
		addProduct(out, state, n.by["u."+name])
	}
	for i := n.Steps - 1; i >= 0; i-- {
		x := past[i*blockSize : (i+1)*blockSize]
		gate(n.keep, "keep", x, n.state)
		squash(n.keep, sigmoid)
		gate(n.reset, "reset", x, n.state)
		squash(n.reset, sigmoid)
		for j := range n.reset {
			n.reset[j] *= n.state[j]
		}
		gate(n.fresh, "new", x, n.reset)
		squash(n.fresh, math.Tanh)
		for j, f := range n.fresh {
			n.state[j] = f + n.keep[j]*(n.state[j]-f)
		}
	}
	return n.state
}

// addProduct adds x W to out, W [in][out].
func addProduct(out, x, w []float64) {
	for i, v := range x {
		if v == 0 {
			continue
		}
		row := w[i*len(out) : (i+1)*len(out)]
		for j := range row {
			out[j] += v * row[j]
		}
	}
}

func squash(x []float64, f func(float64) float64) {
	for i, v := range x {
		x[i] = f(v)
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// finite names the weight that is not a number.
func (n *net) finite() error {
	for i, w := range n.all {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("weight %d of %+v is %v: %w", i, n.shape, w, policy.ErrWeights)
		}
	}
	return nil
}
