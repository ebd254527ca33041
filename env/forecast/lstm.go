package forecast

import "math"

// Sizes of the LSTM.
const (
	Inputs  = 4  // features of a second; a fifth, constant 1, carries the bias
	Hidden  = 32 // units
	Outputs = 9  // three a horizon: median, and the steps down and up from it
)

// Weights are those of one LSTM layer (Hochreiter and Schmidhuber 1997) and of
// its linear head.
type Weights struct {
	// Gates maps inputs, 1 and the hidden state to the gates: input, forget,
	// output, candidate, of Hidden columns each.
	Gates [Inputs + 1 + Hidden][4 * Hidden]float64
	// Head maps the hidden state and 1 to the outputs.
	Head [Hidden + 1][Outputs]float64
}

// Cell is the recurrent state of an LSTM.
type Cell struct {
	H, C [Hidden]float64
}

// Step takes in the features of a second.
func (c *Cell) Step(w *Weights, x *[Inputs]float64) {
	g := w.Gates[Inputs]
	accumulate(&g, (*[4][4 * Hidden]float64)(w.Gates[:Inputs]), x)
	for j := 0; j < Hidden; j += 4 {
		rows := (*[4][4 * Hidden]float64)(w.Gates[Inputs+1+j:])
		accumulate(&g, rows, (*[4]float64)(c.H[j:]))
	}
	for k := range Hidden {
		in, forget := sigmoid(g[k]), sigmoid(g[Hidden+k])
		out, candidate := sigmoid(g[2*Hidden+k]), tanh(g[3*Hidden+k])
		c.C[k] = forget*c.C[k] + in*candidate
		c.H[k] = out * tanh(c.C[k])
	}
}

// accumulate adds x times four rows to g.
func accumulate(g *[4 * Hidden]float64, rows *[4][4 * Hidden]float64, x *[4]float64) {
	a, b, c, d := x[0], x[1], x[2], x[3]
	r0, r1, r2, r3 := &rows[0], &rows[1], &rows[2], &rows[3]
	for k := range g {
		g[k] += (a*r0[k] + b*r1[k]) + (c*r2[k] + d*r3[k])
	}
}

// Read fills out with what the head says of the state.
func (c *Cell) Read(head *[Hidden + 1][Outputs]float64, out *[Outputs]float64) {
	*out = head[Hidden]
	for j, h := range c.H {
		row := &head[j]
		for k := range out {
			out[k] += h * row[k]
		}
	}
}

// Spread turns three outputs of a horizon into the 0.1, 0.5 and 0.9 quantiles
// of the change, in scales. They cannot cross.
func Spread(out []float64) (low, mid, high float64) {
	return out[0] - softplus(out[1]), out[0], out[0] + softplus(out[2])
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func tanh(x float64) float64 { return 2/(1+math.Exp(-2*x)) - 1 }

// softplus is ln(1 + e^x).
func softplus(x float64) float64 {
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

// Scaler makes the rates of a query dimensionless, causally: by their slow mean
// (tau 300 s, its bias corrected), which knows nothing of the future. Its zero
// value has seen nothing.
type Scaler struct {
	Last, Quick  float64 // the last rate, and the mean over some 10 s
	Sum, Weight  float64 // of the slow mean
	QuickW, Seen float64
}

// Step takes in the rate of a second, events/s, and fills its features: the
// rate, its change and its quick mean in scales, compressed, and the relative
// noise that a Poisson stream of that scale has.
func (s *Scaler) Step(rate float64, x *[Inputs]float64) {
	change := rate - s.Last
	if s.Seen == 0 {
		change = 0
	}
	s.Seen = 1
	s.Last = rate
	s.Sum += (rate - s.Sum) / scaleTau
	s.Weight += (1 - s.Weight) / scaleTau
	s.Quick += (rate - s.Quick) / quickTau
	s.QuickW += (1 - s.QuickW) / quickTau
	k := 1 / s.Scale()
	x[0] = math.Asinh(rate * k)
	x[1] = math.Asinh(change * k)
	x[2] = math.Asinh(s.Quick / s.QuickW * k)
	x[3] = 1 / math.Sqrt(1+s.Scale())
}

// Scale is the slow mean, events/s, > 0; after an idle night, when that mean
// means little, a quarter of the quick one.
func (s *Scaler) Scale() float64 {
	if s.Weight == 0 {
		return minScale
	}
	return max(s.Sum/s.Weight, s.Quick/s.QuickW/4, minScale)
}

const (
	quickTau = 10   // s
	minScale = 0.01 // events/s
)
