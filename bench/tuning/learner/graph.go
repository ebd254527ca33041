package learner

import (
	"fmt"
	"strconv"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rubato/policy"
	"rubato/policy/train"
)

// batchSize is how many samples a gradient is of.
const batchSize = 256

// graph differentiates networks of one shape: the gradient, with respect to the
// weights, of the sum over the samples of pull x output. Any loss will do: pull
// is its derivative by the output, made in plain Go.
type graph struct {
	shape  shape
	blocks []policy.Block
	vm     gorgonia.VM
	grads  []gorgonia.Value

	params, now, pull []float64   // back the nodes
	past              [][]float64 // by step

	nodes map[string]*gorgonia.Node
	err   error // the first of building
}

func newGraph(s shape) (*graph, error) {
	g := &graph{shape: s, blocks: s.blocks(), nodes: map[string]*gorgonia.Node{}}
	g.params = make([]float64, s.weights())
	g.now, g.pull = make([]float64, batchSize*s.Inputs), make([]float64, batchSize*s.Out)
	g.grads = make([]gorgonia.Value, len(g.blocks))
	if err := g.build(); err != nil {
		return nil, fmt.Errorf("building the graph of %+v: %w", s, err)
	}
	return g, nil
}

func (g *graph) build() error {
	e := gorgonia.NewGraph()
	input := func(name string, rows, cols int, backing []float64) *gorgonia.Node {
		n := gorgonia.NewMatrix(e, tensor.Float64, gorgonia.WithShape(rows, cols), gorgonia.WithName(name),
			gorgonia.WithValue(tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(backing))))
		g.nodes[name] = n
		return n
	}
	weights := make(gorgonia.Nodes, len(g.blocks))
	for i, b := range g.blocks {
		weights[i] = input(b.Name, b.Rows, b.Out, g.params[b.Offset:b.Offset+b.Rows*b.Out])
	}
	ones := make([]float64, batchSize)
	for i := range ones {
		ones[i] = 1
	}
	input("ones", batchSize, 1, ones)
	h := input("now", batchSize, g.shape.Inputs, g.now)
	pull := input("pull", batchSize, g.shape.Out, g.pull)
	for i := range g.shape.Depth {
		x := g.affine(h, strconv.Itoa(i))
		if i == 0 && g.shape.Steps > 0 {
			x = g.op(gorgonia.Add(x, g.times(g.remember(input), "u0")))
		}
		h = g.op(gorgonia.Tanh(x))
	}
	loss := g.op(gorgonia.Sum(g.op(gorgonia.HadamardProd(pull, g.affine(h, ".out")))))
	if g.err != nil {
		return g.err
	}
	grads, err := gorgonia.Grad(loss, weights...)
	if err != nil {
		return err
	}
	for i, n := range grads {
		gorgonia.Read(n, &g.grads[i])
	}
	g.vm = gorgonia.NewTapeMachine(e)
	return nil
}

// remember unrolls the recurrent units as net.remember runs them.
func (g *graph) remember(input func(name string, rows, cols int, backing []float64) *gorgonia.Node) *gorgonia.Node {
	state := input("state", batchSize, g.shape.Units, make([]float64, batchSize*g.shape.Units))
	g.past = make([][]float64, g.shape.Steps)
	for i := g.shape.Steps - 1; i >= 0; i-- {
		g.past[i] = make([]float64, batchSize*blockSize)
		x := input("past"+strconv.Itoa(i), batchSize, blockSize, g.past[i])
		gate := func(name string, state *gorgonia.Node) *gorgonia.Node {
			return g.op(gorgonia.Add(g.affine(x, "."+name), g.times(state, "u."+name)))
		}
		keep := g.op(gorgonia.Sigmoid(gate("keep", state)))
		reset := g.op(gorgonia.Sigmoid(gate("reset", state)))
		fresh := g.op(gorgonia.Tanh(gate("new", g.op(gorgonia.HadamardProd(reset, state)))))
		kept := g.op(gorgonia.HadamardProd(keep, g.op(gorgonia.Sub(state, fresh))))
		state = g.op(gorgonia.Add(fresh, kept))
	}
	return state
}

// affine is x w + b of that layer. Biases are added as ones x bias.
func (g *graph) affine(x *gorgonia.Node, layer string) *gorgonia.Node {
	if g.err != nil {
		return nil
	}
	return g.op(gorgonia.Add(g.times(x, "w"+layer), g.op(gorgonia.Mul(g.nodes["ones"], g.nodes["b"+layer]))))
}

func (g *graph) times(x *gorgonia.Node, name string) *gorgonia.Node {
	if g.err != nil {
		return nil
	}
	return g.op(gorgonia.Mul(x, g.nodes[name]))
}

func (g *graph) op(n *gorgonia.Node, err error) *gorgonia.Node {
	if g.err == nil {
		g.err = err
	}
	return n
}

// set puts a sample's input and its pull into row i.
func (g *graph) set(i int, x, pull []float64) {
	n := g.shape.Inputs
	copy(g.now[i*n:(i+1)*n], x)
	for s, block := range g.past {
		copy(block[i*blockSize:(i+1)*blockSize], x[n+s*blockSize:])
	}
	copy(g.pull[i*g.shape.Out:], pull)
}

// gradient writes the gradient over the rows that were set into grad, and
// forgets them.
func (g *graph) gradient(weights, grad []float64) error {
	copy(g.params, weights)
	defer g.vm.Reset()
	if err := g.vm.RunAll(); err != nil {
		return fmt.Errorf("running the graph of %+v: %w", g.shape, err)
	}
	for i, b := range g.blocks {
		switch x := g.grads[i].Data().(type) {
		case []float64:
			copy(grad[b.Offset:b.Offset+b.Rows*b.Out], x)
		case float64: // gorgonia makes a scalar of a 1 x 1 matrix
			grad[b.Offset] = x
		}
	}
	clear(g.pull)
	return nil
}

// stepper moves a network's weights.
type stepper struct {
	net   *net
	graph *graph
	adam  *train.Adam
	grad  []float64
	pull  []float64
	rows  int
}

func newStepper(n *net) (*stepper, error) {
	g, err := newGraph(n.shape)
	if err != nil {
		return nil, err
	}
	size := len(n.all)
	return &stepper{net: n, graph: g, adam: train.NewAdam(size), grad: make([]float64, size), pull: make([]float64, n.Out)}, nil
}

func (s *stepper) close() { _ = s.graph.vm.Close() } // frees memory only

// learn takes a sample in; pull writes the derivative of its loss by the
// outputs. Where the batch is full, or last, the weights move.
func (s *stepper) learn(x []float64, rate float64, last bool, pull func(out, pull []float64)) error {
	pull(s.net.forward(x), s.pull)
	s.graph.set(s.rows, x, s.pull)
	if s.rows++; s.rows < batchSize && !last {
		return nil
	}
	if err := s.graph.gradient(s.net.all, s.grad); err != nil {
		return err
	}
	for i := range s.grad {
		s.grad[i] /= float64(s.rows)
	}
	s.rows = 0
	train.ClipNorm(s.grad, 0.5)
	s.adam.Update(s.net.all, s.grad, 0, 0, rate)
	return s.net.finite()
}
