package threshold

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy"
)

const (
	// Least is how many seconds have to be known before anything is tried.
	Least = 600
	// Lowest is the least shift.
	Lowest = -1.0
	// Highest is the greatest one.
	Highest = 1.2
	// sure is by how many standard errors a candidate has to be cheaper.
	sure = 3
	// block is the length of what is compared pair by pair, s; what a queue near
	// overload costs hangs together over so many blocks.
	block    = 60
	together = 5
	// roundTrip and noise are what a driver's usually are: from a decision to
	// its effect, and the deviation of the logarithm of a batch's duration.
	roundTrip = 3 * time.Millisecond
	noise     = 0.1
)

// steps are tried either way.
var steps = [...]float64{-0.4, -0.2, -0.1, 0.1, 0.2, 0.4}

// Model is a query as it is simulated.
type Model struct {
	// Settings are what is asked of it.
	Settings env.Settings `json:"settings"`
	// Overhead, s, and PerRow, s per event, are the fit of its batches;
	// Reference its mean rate, events/s; Cap and Floor maxOffsetsPerTrigger and
	// minOffsetsPerTrigger, 0 for none; Blind tells that end offsets are not seen.
	Overhead  float64 `json:"overhead"`
	PerRow    float64 `json:"perRow"`
	Reference float64 `json:"reference"`
	Cap       float64 `json:"cap"`
	Floor     float64 `json:"floor"`
	Blind     bool    `json:"blind"`
}

// Fitted is the model of a query of which o was seen.
func Fitted(set env.Settings, o *env.Observation) Model {
	return Model{
		Settings: set, Overhead: o.Overhead, PerRow: o.PerRow, Reference: o.Reference,
		Cap: o.Cap, Floor: o.Floor, Blind: o.Sighted == 0,
	}
}

// simulation plays the counts, with the model's batches.
func (m *Model) simulation(counts []float32) (*sim.Sim, error) {
	return sim.New(sim.Config{
		Query: "model", Run: "model", Seed: 1, Load: func() sim.Load { return &replayed{counts} },
		Duration: time.Duration(len(counts)) * time.Second, Reference: m.Reference,
		Settings: m.Settings, Configured: m.Settings.Ladder.Interval(0),
		Overhead: time.Duration(m.Overhead * float64(time.Second)), PerRow: m.PerRow, Noise: noise,
		Cap: m.Cap, Floor: m.Floor, RoundTrip: roundTrip, Blind: m.Blind,
		Forecaster: func() env.Forecaster { return forecast.New() },
	})
}

// replayed are seconds as a load.
type replayed struct{ counts []float32 }

// Next implements sim.Load: the seconds one by one, and none after.
func (l *replayed) Next(*rand.Rand) float64 {
	if len(l.counts) == 0 {
		return 0
	}
	x := l.counts[0]
	l.counts = l.counts[1:]
	return float64(x)
}

// Improve returns the shift to go on with from the one that stands: of those in
// reach the cheapest that is surely cheaper, on these arrivals. The same
// arguments give the same bits. net is not used elsewhere meanwhile. It ends
// early, with an error, when ctx is done.
func Improve(ctx context.Context, net *policy.Network, m *Model, counts []float32, from float64) (float64, error) {
	if len(counts) < Least || !(m.Reference > 0) {
		return from, nil
	}
	start, err := m.simulation(counts)
	if err != nil {
		return from, fmt.Errorf("model the query: %w", err)
	}
	p := player{net: net, weights: m.Settings.Weights, sim: new(sim.Sim)}
	stands := p.play(ctx, start, from)
	best, gain := from, 0.0
	for _, step := range steps {
		to := math.Round((from+step)*100) / 100
		if to < Lowest || to > Highest {
			continue
		}
		mean, deviation := compare(stands, p.play(ctx, start, to))
		if mean+sure*deviation < 0 && mean < gain {
			best, gain = to, mean
		}
	}
	return best, ctx.Err()
}

// compare returns the mean difference of a block's cost and its standard error,
// by Newey and West 1987: neighbouring blocks are not independent.
func compare(stands, other []float64) (mean, deviation float64) {
	n := min(len(stands), len(other))
	for i := range n {
		mean += (other[i] - stands[i]) / float64(n)
	}
	for lag := range together + 1 {
		covariance := 0.0
		for i := lag; i < n; i++ {
			covariance += (other[i] - stands[i] - mean) * (other[i-lag] - stands[i-lag] - mean)
		}
		if lag > 0 {
			covariance *= 2 * (1 - float64(lag)/float64(together+1))
		}
		deviation += covariance
	}
	return mean, math.Sqrt(max(deviation, 0) / float64(n) / float64(max(n-1, 1)))
}

// player plays the policy's argmax with its threshold moved.
type player struct {
	net     *policy.Network
	weights env.Weights
	sim     *sim.Sim
}

// play returns the cost of each block; the last holds what the queue left at the
// end is sure to cost.
func (p *player) play(ctx context.Context, start *sim.Sim, shift float64) []float64 {
	s := p.sim
	s.CopyFrom(start)
	var blocks []float64
	var booked float64
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		for t.At.Sub(0) >= block*float64(len(blocks)+1) {
			score := s.Score(0)
			cost := p.weights.Cost(score.Components)
			blocks = append(blocks, cost-booked)
			booked = cost
			if ctx.Err() != nil {
				return blocks
			}
		}
		s.Act(t.Query, int(t.Observation.Rung)+p.net.Choose(&t.Observation, t.Mask, shift).Delta())
	}
	score := s.Score(0)
	return append(blocks, p.weights.Cost(score.Components)+p.weights.Cost(score.Leftover)-booked)
}

// Move applies a shift to a policy's probabilities: the odds of triggering, the
// shortest of the actions that mask allows, are what they would be with the
// threshold moved. mask is policy.Sensible's.
func Move(p *policy.Probabilities, mask env.Mask, shift float64) {
	if shift == 0 {
		return
	}
	first, allowed := -1, 0
	for a, ok := range mask {
		if ok {
			if allowed++; first < 0 {
				first = a
			}
		}
	}
	if allowed < 2 {
		return
	}
	p[first] *= math.Exp(-policy.Sharpness * shift)
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	for a := range p {
		p[a] /= sum
	}
}
