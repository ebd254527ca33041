package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"

	"rubato/env"
)

// Layout is the shape of an actor-critic network: Inputs features, two hidden
// tanh layers of Width, and env.NumActions logits (actor) or one value
// (critic). Weights lie flat: the actor's six blocks, then the critic's; each
// layer is its matrix, row-major [in][out], then its bias [out].
type Layout struct {
	Inputs int `json:"inputs"`
	Width  int `json:"width"`
}

// ActorSize is the number of the actor's weights, which come first.
func (l Layout) ActorSize() int { return l.trunk() + l.Width*env.NumActions + env.NumActions }

// CriticSize is the number of the critic's weights.
func (l Layout) CriticSize() int { return l.trunk() + l.Width + 1 }

// Size is the number of weights.
func (l Layout) Size() int { return l.ActorSize() + l.CriticSize() }

func (l Layout) trunk() int { return l.Inputs*l.Width + l.Width + l.Width*l.Width + l.Width }

// Valid tells whether the layout can be built. The inputs are env.Features, all of
// them and nothing else.
func (l Layout) Valid() bool {
	return l.Inputs == env.NumFeatures && l.Width > 0 && l.Width <= 1024 && l.Width%4 == 0
}

// Block is one matrix or bias of the flat weights.
type Block struct {
	Name      string
	Offset    int
	Rows, Out int
}

// Blocks lists the weights' twelve blocks in order. A bias has one row.
func (l Layout) Blocks() []Block {
	var blocks []Block
	at := 0
	add := func(name string, rows, out int) {
		blocks = append(blocks, Block{Name: name, Offset: at, Rows: rows, Out: out})
		at += rows * out
	}
	for _, net := range []struct {
		name string
		out  int
	}{{"actor", env.NumActions}, {"critic", 1}} {
		add(net.name+".w1", l.Inputs, l.Width)
		add(net.name+".b1", 1, l.Width)
		add(net.name+".w2", l.Width, l.Width)
		add(net.name+".b2", 1, l.Width)
		add(net.name+".w3", l.Width, net.out)
		add(net.name+".b3", 1, net.out)
	}
	return blocks
}

// Initial draws Glorot-uniform weights (Glorot and Bengio 2010); the actor's
// output layer is scaled by 0.01, so that it starts nearly at the rule of
// Prior.
func (l Layout) Initial(rng *rand.Rand) []float64 {
	w := make([]float64, l.Size())
	for _, b := range l.Blocks() {
		if b.Rows == 1 {
			continue
		}
		limit := math.Sqrt(6 / float64(b.Rows+b.Out))
		if b.Name == "actor.w3" {
			limit *= 0.01
		}
		for i := range b.Rows * b.Out {
			w[b.Offset+i] = limit * (2*rng.Float64() - 1)
		}
	}
	return w
}

// Network is an actor-critic over env.Features. It implements Policy.
type Network struct {
	layout  Layout
	weights []float64
	id      string

	features env.Features
	h1, h2   []float64
}

// NewNetwork returns the network of the given layout over a copy of weights.
func NewNetwork(l Layout, weights []float64) (*Network, error) {
	if !l.Valid() {
		return nil, fmt.Errorf("network of %d inputs and width %d: %w", l.Inputs, l.Width, ErrLayout)
	}
	if len(weights) != l.Size() {
		return nil, fmt.Errorf("network of %d inputs and width %d wants %d weights, got %d: %w",
			l.Inputs, l.Width, l.Size(), len(weights), ErrLayout)
	}
	for i, w := range weights {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weight %d is %v: %w", i, w, ErrWeights)
		}
	}
	n := &Network{
		layout:  l,
		weights: append([]float64(nil), weights...),
		h1:      make([]float64, l.Width),
		h2:      make([]float64, l.Width),
	}
	sum := sha256.Sum256(appendFloats(nil, n.weights))
	n.id = "net-" + hex.EncodeToString(sum[:])[:12]
	return n, nil
}

// Clone returns the same network with scratch space of its own, for use on
// another goroutine.
func (n *Network) Clone() *Network {
	return &Network{
		layout: n.layout, weights: n.weights, id: n.id,
		h1: make([]float64, n.layout.Width), h2: make([]float64, n.layout.Width),
	}
}

// ID is "net-" and the first 12 hexadecimal digits of the weights' SHA-256.
func (n *Network) ID() string { return n.id }

// Layout returns the network's shape.
func (n *Network) Layout() Layout { return n.layout }

// Weights returns the network's weights, which the caller must not change.
func (n *Network) Weights() []float64 { return n.weights }

// Probabilities implements Policy: it computes the observation's features and
// calls Act.
func (n *Network) Probabilities(o *env.Observation, mask env.Mask, p *Probabilities) {
	o.Features(&n.features)
	n.Act(n.features[:], mask, p)
}

// Act fills p with the softmax of Sharpness x (actor + Prior) over the actions
// that mask allows. It allocates nothing.
func (n *Network) Act(features []float64, mask env.Mask, p *Probabilities) {
	n.scores(features, p)
	for a := range p {
		p[a] *= Sharpness
	}
	softmax(p, mask)
}

// Margin is by how much the policy prefers to trigger now: the score, in units
// of ln(threshold), of action trigger less that of action wait (see Choices).
// The argmax triggers where it is above 0.
func (n *Network) Margin(features []float64, trigger, wait env.Action) float64 {
	var p Probabilities
	n.scores(features, &p)
	return p[trigger] - p[wait]
}

// Choose is the policy's argmax at o, its threshold moved by shift, in its
// logarithm: it triggers where Margin is above shift, and waits else.
func (n *Network) Choose(o *env.Observation, mask env.Mask, shift float64) env.Action {
	trigger, wait, either := Choices(o, mask)
	if !either {
		return wait
	}
	o.Features(&n.features)
	if n.Margin(n.features[:], trigger, wait) > shift {
		return trigger
	}
	return wait
}

// scores fills p with actor + Prior.
func (n *Network) scores(features []float64, p *Probabilities) {
	h := n.trunk(n.weights[:n.layout.ActorSize()], features)
	w3 := n.weights[n.layout.trunk():]
	*p = Probabilities(w3[n.layout.Width*env.NumActions:][:env.NumActions])
	for i, x := range h {
		row := w3[i*env.NumActions:][:env.NumActions]
		p[0] += x * row[0]
		p[1] += x * row[1]
		p[2] += x * row[2]
	}
	prior := Prior(features)
	for a := range p {
		p[a] += prior[a]
	}
}

// Value is the critic's estimate of the discounted return, in the learner's
// scaled units.
func (n *Network) Value(features []float64) float64 {
	critic := n.weights[n.layout.ActorSize():]
	h := n.trunk(critic, features)
	w3 := critic[n.layout.trunk():]
	v := w3[n.layout.Width]
	for i, x := range h {
		v += x * w3[i]
	}
	return v
}

// trunk runs the two hidden layers of the sub-network whose weights begin w.
func (n *Network) trunk(w, features []float64) []float64 {
	l := n.layout
	dense(n.h1, features[:l.Inputs], w)
	dense(n.h2, n.h1, w[l.Inputs*l.Width+l.Width:])
	return n.h2
}

// dense sets out to tanh(in x W + b), where w holds W [in][out] and then b.
// Four outputs are summed at a time, in registers.
func dense(out, in, w []float64) {
	width := len(out)
	bias := w[len(in)*width:][:width]
	for j := 0; j+4 <= width; j += 4 {
		b := bias[j : j+4 : j+4]
		s0, s1, s2, s3 := b[0], b[1], b[2], b[3]
		at := j
		for _, x := range in {
			r := w[at : at+4 : at+4]
			s0 += x * r[0]
			s1 += x * r[1]
			s2 += x * r[2]
			s3 += x * r[3]
			at += width
		}
		o := out[j : j+4 : j+4]
		o[0], o[1], o[2], o[3] = math.Tanh(s0), math.Tanh(s1), math.Tanh(s2), math.Tanh(s3)
	}
}

// softmax turns logits into probabilities over the allowed actions.
func softmax(p *Probabilities, mask env.Mask) {
	top := math.Inf(-1)
	for a, ok := range mask {
		if ok && p[a] > top {
			top = p[a]
		}
	}
	var sum float64
	for a, ok := range mask {
		if !ok {
			p[a] = 0
			continue
		}
		p[a] = math.Exp(p[a] - top)
		sum += p[a]
	}
	for a := range p {
		p[a] /= sum
	}
}

// Argmax is the most probable allowed action; the first of equals. Keep, where
// none has a probability.
func (p *Probabilities) Argmax(mask env.Mask) env.Action {
	best, top := env.Keep, 0.0
	for a, ok := range mask {
		if ok && p[a] > top {
			best, top = env.Action(a), p[a]
		}
	}
	return best
}

// Sample draws an action by u, uniform in [0, 1).
func (p *Probabilities) Sample(u float64) env.Action {
	last := env.Keep
	for a, x := range p {
		if x <= 0 {
			continue
		}
		last = env.Action(a)
		if u -= x; u < 0 {
			break
		}
	}
	return last
}

// Valid tells whether p is a distribution over the allowed actions.
func (p *Probabilities) Valid(mask env.Mask) bool {
	var sum float64
	for a, x := range p {
		if !(x >= 0) || x > 0 && !mask[a] {
			return false
		}
		sum += x
	}
	return math.Abs(sum-1) < 1e-6
}

func appendFloats(b []byte, xs []float64) []byte {
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}
