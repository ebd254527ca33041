package agent

import (
	"errors"
	"fmt"
	"math"

	"rubato/agent/threshold"
	"rubato/policy"
	"rubato/policy/train"
)

// Delay is D: an update made from the steps up to a group's k-th takes effect
// at its step k + Delay.
const Delay = 64

const (
	// replayed is the number of old chunks that each new one is learnt with.
	replayed = 4
	// updateChunks is the most new chunks of one update, a gradient step each.
	updateChunks = 8
	// ringChunks are kept for replay: 4096 steps.
	ringChunks = 4096 / ChunkLength
	// normLimit clips the gradient of the actor and that of the critic.
	normLimit = 0.5
	// updateSamples is the size of a gradient's batch.
	updateSamples = ChunkLength * (1 + replayed)
	// liveCriticRate is Adam's step size for the critic.
	liveCriticRate = 1e-3
	// entropyPrice is that of entropy, scaled return units per second.
	entropyPrice = 0.001
)

// DefaultActorRate is Adam's step size for the actor. It is careful: it starts
// from a policy that is good. With ten times the step it lost up to 1 % within an
// hour on shifted queries (bench/adaptation.md).
const DefaultActorRate = 3e-5

// job is one update: what it starts from, what it learns from, and, once done
// is closed, what came out.
type job struct {
	rate float64 // of the actor
	net  *policy.Network
	adam *train.Adam
	// unit is the return scale that net's critic speaks in, scale the one that
	// it is to speak in from now on.
	unit, scale float64
	rounds      []round
	due         uint64

	done chan struct{}
	out  outcome
}

// round is the food of one gradient step: a new chunk and old ones.
type round struct {
	chunks []*chunk
}

// outcome is what an update made.
type outcome struct {
	net                    *policy.Network
	adam                   *train.Adam
	policy, value, ent, kl float64
	err                    error
}

// closed tells whether what closes done at its end is over.
func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// worker runs jobs, one after another, on a goroutine of its own.
type worker struct {
	jobs chan *job
	gone chan struct{}
}

func startWorker() *worker {
	w := &worker{jobs: make(chan *job, 1), gone: make(chan struct{})}
	go w.run()
	return w
}

// stop ends the worker after the job in hand.
func (w *worker) stop() {
	close(w.jobs)
	<-w.gone
}

func (w *worker) run() {
	defer close(w.gone)
	var v *vtracer
	for j := range w.jobs {
		var err error
		if v == nil {
			v, err = newVtracer(j.net.Layout())
		}
		if err == nil {
			err = v.update(j)
		}
		j.out.err = err
		close(j.done)
	}
	if v != nil {
		_ = v.graph.Close() // frees memory only
	}
}

// vtracer turns rounds of chunks into gradient steps. Its graph is built on
// the worker's goroutine, at the first update.
type vtracer struct {
	graph *train.Graph
	batch *train.Batch
	grad  []float64

	rewards, gammas, lambdas, ratios, values, advantages, targets []float64
	features                                                      []float64
}

func newVtracer(l policy.Layout) (*vtracer, error) {
	graph, err := train.NewGraph(l, updateSamples)
	if err != nil {
		return nil, err
	}
	floats := func() []float64 { return make([]float64, ChunkLength+1) }
	return &vtracer{
		graph: graph, batch: train.NewBatch(l, updateSamples), grad: make([]float64, l.Size()),
		rewards: floats(), gammas: floats(), lambdas: floats(), ratios: floats(),
		values: floats(), advantages: floats(), targets: floats(),
		features: make([]float64, l.Inputs),
	}, nil
}

// errDiverged: an update met a number that is not finite.
var errDiverged = errors.New("update diverged")

// update runs the job's gradient steps. Where one fails the job keeps what it
// started from.
func (v *vtracer) update(j *job) error {
	l := j.net.Layout()
	adam := &train.Adam{
		M: append([]float64(nil), j.adam.M...), V: append([]float64(nil), j.adam.V...), Step: j.adam.Step,
	}
	j.out = outcome{}
	before := j.net.Clone() // the loop acts with j.net meanwhile
	weights := append([]float64(nil), j.net.Weights()...)
	rescale(l, weights, j.unit/j.scale)
	net, err := policy.NewNetwork(l, weights)
	if err != nil {
		return fmt.Errorf("%w: %w", errDiverged, err)
	}
	for _, r := range j.rounds {
		v.fill(net, r, j.scale)
		loss, err := v.graph.Gradient(net.Weights(), v.batch, v.grad)
		if err != nil {
			return err
		}
		a := train.ClipNorm(v.grad[:l.ActorSize()], normLimit)
		c := train.ClipNorm(v.grad[l.ActorSize():], normLimit)
		if math.IsNaN(a) || math.IsNaN(c) || math.IsInf(a, 0) || math.IsInf(c, 0) {
			return fmt.Errorf("gradient norms %v and %v: %w", a, c, errDiverged)
		}
		adam.Update(weights, v.grad, l.ActorSize(), j.rate, liveCriticRate)
		if net, err = policy.NewNetwork(l, weights); err != nil {
			return fmt.Errorf("%w: %w", errDiverged, err)
		}
		n := float64(len(j.rounds))
		j.out.policy += loss.Policy / n
		j.out.value += loss.Value / n
	}
	j.out.net, j.out.adam = net, adam
	v.compare(j, before)
	return nil
}

// fill computes V-trace under net and puts the round into the batch.
func (v *vtracer) fill(net *policy.Network, r round, scale float64) {
	v.batch.Clear()
	total := 0
	for _, c := range r.chunks {
		total += len(c.steps)
	}
	share := 1 / float64(max(total, 1))
	row := 0
	for _, c := range r.chunks {
		v.trace(net, c, scale)
		for i := range c.steps {
			t := &c.steps[i]
			setFeatures(v.batch, row, net.Layout().Inputs, t)
			v.batch.Target[row], v.batch.Fit[row] = v.targets[i], share
			if t.decisive {
				v.batch.Pick[row*len(t.mask)+int(t.action)] = v.advantages[i] * share
				v.batch.Entropy[row] = entropyPrice * t.tau * share
			}
			row++
		}
	}
}

func (v *vtracer) trace(net *policy.Network, c *chunk, scale float64) {
	var p policy.Probabilities
	n := len(c.steps)
	for i := range c.steps {
		t := &c.steps[i]
		train.Widen(v.features, t.features)
		v.values[i] = net.Value(v.features)
		net.Act(v.features, t.mask, &p)
		threshold.Move(&p, t.mask, t.shift)
		v.ratios[i] = p[t.action] / math.Exp(t.logMu)
		v.rewards[i] = scaled(t.reward, scale)
		v.gammas[i], v.lambdas[i] = discount(t.tau), fade(t.tau, t.horizon)
	}
	train.Widen(v.features, c.last)
	v.values[n] = net.Value(v.features)
	VTrace(v.rewards[:n], v.gammas[:n], v.lambdas[:n], v.ratios[:n], v.values[:n+1], v.advantages[:n], v.targets[:n])
}

// compare measures, over the job's new chunks, the mean entropy of the policy
// that came out and its divergence KL(before || after).
func (v *vtracer) compare(j *job, from *policy.Network) {
	var before, after policy.Probabilities
	count := 0.0
	for _, r := range j.rounds {
		for i := range r.chunks[0].steps {
			t := &r.chunks[0].steps[i]
			train.Widen(v.features, t.features)
			from.Act(v.features, t.mask, &before)
			j.out.net.Act(v.features, t.mask, &after)
			for a := range after {
				if after[a] > 0 && before[a] > 0 {
					j.out.ent -= after[a] * math.Log(after[a])
					j.out.kl += before[a] * math.Log(before[a]/after[a])
				}
			}
			count++
		}
	}
	j.out.ent /= max(count, 1)
	j.out.kl /= max(count, 1)
}
