package train

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"rubato/env"
	"rubato/policy"
)

// forbidden is added to the logits of masked actions.
const forbidden = -1e9

// Batch is what one gradient is computed from: size samples, each slice flat
// and row-major. Padding is all zeros with a mask that allows every action.
type Batch struct {
	// Features is [size][inputs].
	Features []float64
	// Mask is [size]; log pi is over the allowed actions.
	Mask []env.Mask
	// Pick is [size][actions]: the coefficient of log pi.
	Pick []float64
	// Entropy is [size]: the coefficient of the entropy.
	Entropy []float64
	// Target is [size]: what the critic should say; Fit how much it counts.
	Target, Fit []float64
}

// NewBatch returns a batch of padding.
func NewBatch(l policy.Layout, size int) *Batch {
	b := &Batch{
		Features: make([]float64, size*l.Inputs),
		Mask:     make([]env.Mask, size),
		Pick:     make([]float64, size*env.NumActions),
		Entropy:  make([]float64, size),
		Target:   make([]float64, size),
		Fit:      make([]float64, size),
	}
	b.Clear()
	return b
}

// Clear turns all samples into padding.
func (b *Batch) Clear() {
	clear(b.Features)
	clear(b.Pick)
	clear(b.Entropy)
	clear(b.Target)
	clear(b.Fit)
	for i := range b.Mask {
		b.Mask[i] = env.Mask{true, true, true}
	}
}

// Loss is what the graph was minimising, by part.
type Loss struct {
	// Policy is -sum(Pick log pi), Entropy sum(Entropy x entropy of pi), Value
	// 1/2 sum(Fit (V - Target)^2).
	Policy, Entropy, Value float64
}

// Graph is the training graph of one layout and batch size.
type Graph struct {
	layout policy.Layout
	size   int

	vm     gorgonia.VM
	params []float64 // backs all parameter nodes
	in     *Batch    // backs features, pick, target and fit
	bars   []float64 // backs the prior's logits and the mask, [size][actions]
	spread []float64 // backs the entropy coefficients, [size][actions]

	grads                   []gorgonia.Value
	logPi, value            gorgonia.Value
	policy, entropy, value2 gorgonia.Value
}

// NewGraph builds and runs the graph once, so that whatever gorgonia would
// panic about comes up here.
func NewGraph(l policy.Layout, size int) (*Graph, error) {
	if !l.Valid() || size < 2 {
		return nil, fmt.Errorf("training graph of %+v with batch %d: impossible sizes", l, size)
	}
	g := &Graph{
		layout: l, size: size,
		params: make([]float64, l.Size()),
		in:     NewBatch(l, size),
		bars:   make([]float64, size*env.NumActions),
		spread: make([]float64, size*env.NumActions),
		grads:  make([]gorgonia.Value, len(l.Blocks())),
	}
	if err := g.build(); err != nil {
		return nil, fmt.Errorf("build training graph of %+v with batch %d: %w", l, size, err)
	}
	if _, err := g.Gradient(g.params, NewBatch(l, size), make([]float64, l.Size())); err != nil {
		return nil, fmt.Errorf("first run of the training graph: %w", err)
	}
	return g, nil
}

func (g *Graph) build() error {
	graph := gorgonia.NewGraph()
	b := builder{graph: graph, size: g.size}
	blocks := g.layout.Blocks()
	nodes := make(gorgonia.Nodes, len(blocks))
	for i, p := range blocks {
		nodes[i] = b.input(p.Name, p.Rows, p.Out, g.params[p.Offset:p.Offset+p.Rows*p.Out])
	}
	ones := make([]float64, g.size)
	for i := range ones {
		ones[i] = 1
	}
	b.ones = b.input("ones", g.size, 1, ones)
	x := b.input("features", g.size, g.layout.Inputs, g.in.Features)
	bars := b.input("bars", g.size, env.NumActions, g.bars)
	pick := b.input("pick", g.size, env.NumActions, g.in.Pick)
	spread := b.input("entropy", g.size, env.NumActions, g.spread)
	target := b.input("target", g.size, 1, g.in.Target)
	fit := b.input("fit", g.size, 1, g.in.Fit)

	sharp := gorgonia.NewConstant(float64(policy.Sharpness), gorgonia.WithName("sharpness"))
	logits := b.add(b.mul(sharp, b.network(x, nodes[:6])), bars)
	logPi := b.apply(gorgonia.LogSoftMax(logits, 1))
	lossP := b.apply(gorgonia.Neg(b.sum(b.mul(pick, logPi))))
	lossE := b.sum(b.mul(spread, b.mul(b.apply(gorgonia.Exp(logPi)), logPi)))
	v := b.network(x, nodes[6:])
	miss := b.apply(gorgonia.Sub(v, target))
	lossV := b.sum(b.mul(fit, b.mul(miss, miss)))
	half := gorgonia.NewConstant(0.5, gorgonia.WithName("half"))
	lossV = b.mul(half, lossV)
	loss := b.add(b.add(lossP, lossE), lossV)
	if b.err != nil {
		return b.err
	}
	gradients, err := gorgonia.Grad(loss, nodes...)
	if err != nil {
		return fmt.Errorf("differentiate: %w", err)
	}
	for i, n := range gradients {
		gorgonia.Read(n, &g.grads[i])
	}
	gorgonia.Read(logPi, &g.logPi)
	gorgonia.Read(v, &g.value)
	gorgonia.Read(lossP, &g.policy)
	gorgonia.Read(lossE, &g.entropy)
	gorgonia.Read(lossV, &g.value2)
	g.vm = gorgonia.NewTapeMachine(graph)
	return nil
}

// Gradient writes the gradient of the loss at weights over b into grad, which
// is as long as weights.
func (g *Graph) Gradient(weights []float64, b *Batch, grad []float64) (Loss, error) {
	copy(g.params, weights)
	copy(g.in.Features, b.Features)
	copy(g.in.Pick, b.Pick)
	copy(g.in.Target, b.Target)
	copy(g.in.Fit, b.Fit)
	for i, mask := range b.Mask {
		prior := policy.Prior(b.Features[i*g.layout.Inputs:])
		for a, ok := range mask {
			g.bars[i*env.NumActions+a] = forbidden
			if ok {
				g.bars[i*env.NumActions+a] = policy.Sharpness * prior[a]
			}
			g.spread[i*env.NumActions+a] = b.Entropy[i]
		}
	}
	defer g.vm.Reset()
	if err := g.vm.RunAll(); err != nil {
		return Loss{}, fmt.Errorf("run training graph: %w", err)
	}
	for i, p := range g.layout.Blocks() {
		copy(grad[p.Offset:p.Offset+p.Rows*p.Out], flat(g.grads[i]))
	}
	return Loss{Policy: flat(g.policy)[0], Entropy: -flat(g.entropy)[0], Value: flat(g.value2)[0]}, nil
}

// Close frees the graph's machine.
func (g *Graph) Close() error {
	if err := g.vm.Close(); err != nil {
		return fmt.Errorf("close training graph: %w", err)
	}
	return nil
}

func flat(v gorgonia.Value) []float64 {
	switch x := v.Data().(type) {
	case []float64:
		return x
	case float64:
		return []float64{x}
	}
	return nil
}

// builder adds nodes to a graph and keeps the first error.
type builder struct {
	graph *gorgonia.ExprGraph
	size  int
	ones  *gorgonia.Node
	err   error
}

func (b *builder) input(name string, rows, cols int, backing []float64) *gorgonia.Node {
	value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(backing))
	return gorgonia.NewMatrix(b.graph, tensor.Float64, gorgonia.WithShape(rows, cols),
		gorgonia.WithName(name), gorgonia.WithValue(value))
}

// network is the logits or value of x under the six blocks of p. Biases are
// added as ones x bias, which keeps gorgonia's broadcasting out of it.
func (b *builder) network(x *gorgonia.Node, p gorgonia.Nodes) *gorgonia.Node {
	h := b.apply(gorgonia.Tanh(b.affine(x, p[0], p[1])))
	h = b.apply(gorgonia.Tanh(b.affine(h, p[2], p[3])))
	return b.affine(h, p[4], p[5])
}

func (b *builder) affine(x, w, bias *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.add(b.apply(gorgonia.Mul(x, w)), b.apply(gorgonia.Mul(b.ones, bias)))
}

func (b *builder) add(x, y *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(gorgonia.Add(x, y))
}

func (b *builder) mul(x, y *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(gorgonia.HadamardProd(x, y))
}

func (b *builder) sum(x *gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	return b.apply(gorgonia.Sum(x))
}

func (b *builder) apply(n *gorgonia.Node, err error) *gorgonia.Node {
	if b.err == nil {
		b.err = err
	}
	return n
}
