package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"rubato/env/forecast"
)

// Config are the settings of a training.
type Config struct {
	Seed uint64
	// Steps is the number of gradient steps.
	Steps int
	// Progress is told after each step; nil for nobody.
	Progress func(done, total int)
}

// DefaultSteps is what the committed weights were trained for.
const DefaultSteps = 7000

const (
	firstRate = 5e-3
	lastRate  = 3e-4
	warm      = 200 // steps over which the rate rises to firstRate
	normLimit = 1.0
	// lifetime is the seconds that a lane follows a series before the next.
	lifetime = 1800
	ahead    = 5  // the farthest horizon, s
	farthest = 30 // change trained on, scales
	// Of the mean change that a lane's loss is divided by: s, and scales.
	movesTau   = 300
	leastMoves = 0.03
)

// Train trains an LSTM on random series from zero. The same seed and steps give
// the same bits.
func Train(ctx context.Context, cfg Config) (*forecast.Weights, error) {
	graph, err := NewGraph()
	if err != nil {
		return nil, err
	}
	defer func() { _ = graph.Close() }() // frees memory only
	rng := rand.New(rand.NewPCG(cfg.Seed, 0x15f3))
	w := initial(rng)
	lanes := make([]*lane, Lanes)
	for i := range lanes {
		lanes[i] = newLane(rand.New(rand.NewPCG(cfg.Seed, uint64(i+1))))
		// Spread the lanes' changes of series over time.
		lanes[i].left = 1 + rng.IntN(lifetime)
	}
	chunk := NewChunk()
	var grad forecast.Weights
	flatW, flatG := flatten(w, nil), []float64(nil)
	opt := newAdam(len(flatW))
	for i := range cfg.Steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("training stopped after %d of %d steps: %w", i, cfg.Steps, err)
		}
		for j, l := range lanes {
			l.fill(w, chunk, j)
		}
		if err := graph.Gradient(w, chunk, &grad); err != nil {
			return nil, fmt.Errorf("training step %d: %w", i, err)
		}
		flatG = flatten(&grad, flatG)
		clipNorm(flatG, normLimit)
		opt.update(flatW, flatG, rate(i, cfg.Steps))
		restore(flatW, w)
		if cfg.Progress != nil {
			cfg.Progress(i+1, cfg.Steps)
		}
	}
	for i, x := range flatW {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("training with seed %d diverged", cfg.Seed)
		}
		flatW[i] = float64(float32(x)) // what is stored
	}
	restore(flatW, w)
	return w, nil
}

// rate is the step size: a short rise, then a cosine down.
func rate(i, steps int) float64 {
	if i < warm {
		return firstRate * float64(i+1) / warm
	}
	x := float64(i-warm) / float64(max(steps-warm, 1))
	return lastRate + (firstRate-lastRate)*(1+math.Cos(math.Pi*x))/2
}

// initial draws the weights: Glorot for the gates, small for the head, and 1
// for the bias of the forget gate.
func initial(rng *rand.Rand) *forecast.Weights {
	w := &forecast.Weights{}
	in := math.Sqrt(6. / float64(forecast.Inputs+hidden))
	recurrent := math.Sqrt(6. / (2 * hidden))
	for i := range w.Gates {
		limit := in
		if i == forecast.Inputs {
			limit = 0
		} else if i > forecast.Inputs {
			limit = recurrent
		}
		for k := range w.Gates[i] {
			w.Gates[i][k] = between(rng, -limit, limit)
		}
	}
	for k := range hidden {
		w.Gates[forecast.Inputs][hidden+k] = 1
	}
	for i := range w.Head[:hidden] {
		for k := range w.Head[i] {
			w.Head[i][k] = between(rng, -0.01, 0.01)
		}
	}
	for i := range 3 { // intervals of some 0.3 scales to begin with
		w.Head[hidden][3*i+1], w.Head[hidden][3*i+2] = -1, -1
	}
	return w
}

// lane follows one series after another, and the LSTM along it.
type lane struct {
	rng    *rand.Rand
	series *Series
	left   int
	future [ahead]float64 // the rates that come next
	scaler forecast.Scaler
	cell   forecast.Cell
	// moves is the mean change within the middle horizon, scales: each lane's
	// loss is divided by it, or the wildest series alone would be learnt.
	moves, movesWeight float64
}

func newLane(rng *rand.Rand) *lane {
	l := &lane{rng: rng}
	l.renew()
	return l
}

func (l *lane) renew() {
	l.series, l.left = NewSeries(l.rng), lifetime
	l.scaler, l.cell = forecast.Scaler{}, forecast.Cell{}
	l.moves, l.movesWeight = 0, 0
	for i := range l.future {
		l.future[i] = l.series.Next()
	}
}

// next moves on by a second and fills its features, and the changes to come in
// scales.
func (l *lane) next(x *[forecast.Inputs]float64, y *[3]float64) {
	now := l.future[0]
	copy(l.future[:], l.future[1:])
	l.future[ahead-1] = l.series.Next()
	l.scaler.Step(now, x)
	for i, h := range forecast.Horizons {
		y[i] = (l.future[h-1] - now) / l.scaler.Scale()
		y[i] = min(max(y[i], -farthest), farthest)
	}
}

// fill puts the lane's next seconds into column j of the chunk.
func (l *lane) fill(w *forecast.Weights, k *Chunk, j int) {
	if l.left -= Unroll; l.left <= 0 {
		l.renew()
	}
	copy(k.H[j*hidden:(j+1)*hidden], l.cell.H[:])
	copy(k.C[j*hidden:(j+1)*hidden], l.cell.C[:])
	const share = 1. / (Unroll * Lanes)
	var (
		x   [forecast.Inputs]float64
		y   [3]float64
		out [outputs]float64
	)
	for t := range Unroll {
		l.next(&x, &y)
		l.cell.Step(w, &x)
		l.cell.Read(&w.Head, &out)
		row := k.X[t][j*inputs : (j+1)*inputs]
		copy(row, x[:])
		row[forecast.Inputs] = 1
		pull := k.Pull[t][j*outputs : (j+1)*outputs]
		l.moves += (math.Abs(y[1]) - l.moves) / movesTau
		l.movesWeight += (1 - l.movesWeight) / movesTau
		weight := share / (l.moves/l.movesWeight + leastMoves)
		Loss(out[:], &y, pull)
		for i := range pull {
			pull[i] *= weight
		}
	}
}
