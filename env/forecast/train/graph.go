package train

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rubato/env/forecast"
)

const (
	// Unroll is how many seconds the gradient reaches back.
	Unroll = 30
	// Lanes is how many series are trained on at a time.
	Lanes = 64

	inputs  = forecast.Inputs + 1
	hidden  = forecast.Hidden
	outputs = forecast.Outputs
)

// Chunk is what one gradient is computed from: Unroll seconds of Lanes series.
type Chunk struct {
	// X holds the features and a 1, [second][lane][inputs]; H and C the state
	// before, [lane][hidden]; Pull the loss's derivative by each output,
	// [second][lane][outputs].
	X    [Unroll][]float64
	H, C []float64
	Pull [Unroll][]float64
}

// NewChunk returns one of zeros.
func NewChunk() *Chunk {
	k := &Chunk{H: make([]float64, Lanes*hidden), C: make([]float64, Lanes*hidden)}
	for t := range Unroll {
		k.X[t] = make([]float64, Lanes*inputs)
		k.Pull[t] = make([]float64, Lanes*outputs)
	}
	return k
}

// Graph differentiates the LSTM, unrolled. Of the loss it knows its derivatives
// by the outputs only: it minimises their product with the outputs, which has
// the same gradient.
type Graph struct {
	vm    gorgonia.VM
	in    *Chunk
	w     [4][]float64 // input weights of each gate, [inputs][hidden]
	u     [4][]float64 // recurrent weights, [hidden][hidden]
	v, b  []float64    // head [hidden][outputs], its bias [1][outputs]
	grads []gorgonia.Value
	last  gorgonia.Value // the outputs of the last second, [lane][outputs]
}

// NewGraph builds the graph and runs it once, so that whatever gorgonia would
// panic about comes up here.
func NewGraph() (*Graph, error) {
	g := &Graph{in: NewChunk(), v: make([]float64, hidden*outputs), b: make([]float64, outputs)}
	for k := range 4 {
		g.w[k], g.u[k] = make([]float64, inputs*hidden), make([]float64, hidden*hidden)
	}
	if err := g.build(); err != nil {
		return nil, fmt.Errorf("build the LSTM's training graph: %w", err)
	}
	var w, grad forecast.Weights
	if err := g.Gradient(&w, NewChunk(), &grad); err != nil {
		return nil, fmt.Errorf("first run of the LSTM's training graph: %w", err)
	}
	return g, nil
}

func (g *Graph) build() error {
	b := &builder{graph: gorgonia.NewGraph()}
	var w, u [4]*gorgonia.Node
	var params gorgonia.Nodes
	for k, name := range [4]string{"in", "forget", "out", "candidate"} {
		w[k] = b.input("w_"+name, inputs, hidden, g.w[k])
		u[k] = b.input("u_"+name, hidden, hidden, g.u[k])
		params = append(params, w[k], u[k])
	}
	v, bias := b.input("head", hidden, outputs, g.v), b.input("head_bias", 1, outputs, g.b)
	params = append(params, v, bias)
	ones := make([]float64, Lanes)
	for i := range ones {
		ones[i] = 1
	}
	one := b.input("ones", Lanes, 1, ones)
	h, c := b.input("h", Lanes, hidden, g.in.H), b.input("c", Lanes, hidden, g.in.C)
	var loss, out *gorgonia.Node
	for t := range Unroll {
		x := b.input(fmt.Sprintf("x%d", t), Lanes, inputs, g.in.X[t])
		gate := func(k int) *gorgonia.Node { return b.add(b.dot(x, w[k]), b.dot(h, u[k])) }
		in, forget := b.sigmoid(gate(0)), b.sigmoid(gate(1))
		exit, candidate := b.sigmoid(gate(2)), b.tanh(gate(3))
		c = b.add(b.mul(forget, c), b.mul(in, candidate))
		h = b.mul(exit, b.tanh(c))
		out = b.add(b.dot(h, v), b.dot(one, bias))
		pull := b.input(fmt.Sprintf("pull%d", t), Lanes, outputs, g.in.Pull[t])
		part := b.sum(b.mul(out, pull))
		if t == 0 {
			loss = part
		} else {
			loss = b.add(loss, part)
		}
	}
	if b.err != nil {
		return b.err
	}
	gradients, err := gorgonia.Grad(loss, params...)
	if err != nil {
		return fmt.Errorf("differentiate: %w", err)
	}
	g.grads = make([]gorgonia.Value, len(gradients))
	for i, n := range gradients {
		gorgonia.Read(n, &g.grads[i])
	}
	gorgonia.Read(out, &g.last)
	g.vm = gorgonia.NewTapeMachine(b.graph)
	return nil
}

// Gradient writes the gradient at w over k into grad.
func (g *Graph) Gradient(w *forecast.Weights, k *Chunk, grad *forecast.Weights) error {
	for t := range Unroll {
		copy(g.in.X[t], k.X[t])
		copy(g.in.Pull[t], k.Pull[t])
	}
	copy(g.in.H, k.H)
	copy(g.in.C, k.C)
	g.scatter(w)
	defer g.vm.Reset()
	if err := g.vm.RunAll(); err != nil {
		return fmt.Errorf("run the LSTM's training graph: %w", err)
	}
	g.gather(grad)
	return nil
}

// scatter copies the weights into the backing of the graph's nodes.
func (g *Graph) scatter(w *forecast.Weights) {
	for k := range 4 {
		for i := range inputs {
			copy(g.w[k][i*hidden:(i+1)*hidden], w.Gates[i][k*hidden:])
		}
		for i := range hidden {
			copy(g.u[k][i*hidden:(i+1)*hidden], w.Gates[inputs+i][k*hidden:])
		}
	}
	for i := range hidden {
		copy(g.v[i*outputs:], w.Head[i][:])
	}
	copy(g.b, w.Head[hidden][:])
}

// gather copies the gradients into the form of weights.
func (g *Graph) gather(grad *forecast.Weights) {
	for k := range 4 {
		w, u := flat(g.grads[2*k]), flat(g.grads[2*k+1])
		for i := range inputs {
			copy(grad.Gates[i][k*hidden:(k+1)*hidden], w[i*hidden:])
		}
		for i := range hidden {
			copy(grad.Gates[inputs+i][k*hidden:(k+1)*hidden], u[i*hidden:])
		}
	}
	v, b := flat(g.grads[8]), flat(g.grads[9])
	for i := range hidden {
		copy(grad.Head[i][:], v[i*outputs:])
	}
	copy(grad.Head[hidden][:], b)
}

// Last are the outputs of the last second of the last Gradient, [lane][outputs].
func (g *Graph) Last() []float64 { return append([]float64(nil), flat(g.last)...) }

// Close frees the graph's machine.
func (g *Graph) Close() error {
	if err := g.vm.Close(); err != nil {
		return fmt.Errorf("close the LSTM's training graph: %w", err)
	}
	return nil
}

func flat(v gorgonia.Value) []float64 {
	x, _ := v.Data().([]float64)
	return x
}

// builder adds nodes to a graph and keeps the first error.
type builder struct {
	graph *gorgonia.ExprGraph
	err   error
}

func (b *builder) input(name string, rows, cols int, backing []float64) *gorgonia.Node {
	value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(backing))
	return gorgonia.NewMatrix(b.graph, tensor.Float64, gorgonia.WithShape(rows, cols),
		gorgonia.WithName(name), gorgonia.WithValue(value))
}

func (b *builder) unary(f func(*gorgonia.Node) (*gorgonia.Node, error), x *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	n, err := f(x)
	b.err = err
	return n
}

func (b *builder) binary(f func(x, y *gorgonia.Node) (*gorgonia.Node, error), x, y *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	n, err := f(x, y)
	b.err = err
	return n
}

func (b *builder) dot(x, y *gorgonia.Node) *gorgonia.Node {
	return b.binary(func(x, y *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Mul(x, y) }, x, y)
}
func (b *builder) add(x, y *gorgonia.Node) *gorgonia.Node { return b.binary(gorgonia.Add, x, y) }
func (b *builder) mul(x, y *gorgonia.Node) *gorgonia.Node {
	return b.binary(gorgonia.HadamardProd, x, y)
}
func (b *builder) sigmoid(x *gorgonia.Node) *gorgonia.Node { return b.unary(gorgonia.Sigmoid, x) }
func (b *builder) tanh(x *gorgonia.Node) *gorgonia.Node    { return b.unary(gorgonia.Tanh, x) }
func (b *builder) sum(x *gorgonia.Node) *gorgonia.Node {
	return b.unary(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Sum(x) }, x)
}
