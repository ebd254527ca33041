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

// Config is the simulation of the query with so many events in each second.
func (m *Model) Config(counts []float32) sim.Config {
	return sim.Config{
		Query: "model", Run: "model", Seed: 1, Load: func() sim.Load { return &replayed{counts} },
		Duration: time.Duration(len(counts)) * time.Second, Reference: m.Reference,
		Settings: m.Settings, Configured: m.Settings.Ladder.Interval(0),
		Overhead: time.Duration(m.Overhead * float64(time.Second)), PerRow: m.PerRow, Noise: noise,
		Cap: m.Cap, Floor: m.Floor, RoundTrip: roundTrip, Blind: m.Blind,
		Forecaster: func() env.Forecaster { return forecast.New() },
	}
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
	start, err := sim.New(m.Config(counts))
	if err != nil {
		return from, fmt.Errorf("model the query: %w", err)
	}
	s := new(sim.Sim)
	play := func(shift float64) []float64 {
		s.CopyFrom(start)
		return Play(ctx, s, m.Settings.Weights, func(t *env.Tick) {
			s.Act(t.Query, int(t.Observation.Rung)+net.Choose(&t.Observation, t.Mask, shift).Delta())
		})
	}
	stands := play(from)
	best, gain := from, 0.0
	for _, step := range steps {
		to := math.Round((from+step)*100) / 100
		if to < Lowest || to > Highest {
			continue
		}
		mean, deviation := Compare(stands, play(to))
		if mean+sure*deviation < 0 && mean < gain {
			best, gain = to, mean
		}
	}
	return best, ctx.Err()
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
