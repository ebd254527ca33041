package spark

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"rubato/agent"
	"rubato/bench/clairvoyant"
	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/internal/load"
	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

const (
	// draws is how many draws of the batches' noise a prediction is the mean of.
	draws = 20
	// roundTrip is from a decision to its effect, as measured on a real driver.
	roundTrip = 3 * time.Millisecond
	// settling is about how long a driver's first batches take, before the rival
	// takes over: warming without Spark's own start.
	settling = warming - 20*time.Second
	// first is the past that the tuner is given at the very start: none would
	// leave its mean rate undefined.
	first = time.Second
	// topCount is how many intervals TopFixed stands for.
	topCount = 3
)

// Prediction is what the simulator says of a run: means over its draws. Costs
// and triggers are those of all queries together, the latency is their mean.
type Prediction struct {
	CostRate, MeanMs, Triggers, Empties float64
}

// ErrCalibration says that there is no calibration to predict by.
var ErrCalibration = errors.New("no calibration of the simulator")

// calibration reads the batch times of a job, as `make calibration` fitted them
// to drivers that were held to one core, or were not.
func calibration(folder, job string, cores int) (sim.Driver, error) {
	if cores == 1 {
		folder = filepath.Join(folder, "one-core")
	}
	file := job
	if len(jobs[job]) > 1 {
		file = "shared"
	}
	path := filepath.Join(folder, file+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return sim.Driver{}, fmt.Errorf("%w: %w", ErrCalibration, err)
	}
	var fits []struct{ Driver sim.Driver }
	if err := json.Unmarshal(text, &fits); err != nil {
		return sim.Driver{}, fmt.Errorf("%w: reading %s: %w", ErrCalibration, path, err)
	}
	if len(fits) != 1 || len(fits[0].Driver.Queries) != len(jobs[job]) {
		return sim.Driver{}, fmt.Errorf("%w: %s holds %d drivers: want one with the queries of job %s", ErrCalibration, path, len(fits), job)
	}
	return fits[0].Driver, nil
}

// arrivals are the moments of all events of a run: those of the first batches,
// the lead-in and the window.
func (w *Window) arrivals() []time.Duration {
	var all []time.Duration
	add := func(from, length time.Duration, events []load.Event) {
		for _, e := range events {
			if e.At < length {
				all = append(all, from+e.At)
			}
		}
	}
	for from := time.Duration(0); from < settling; from += time.Second {
		add(from, time.Second, w.Lead) // as the driver is warmed up
	}
	add(settling, LeadIn, w.Lead)
	add(settling+LeadIn, math.MaxInt64, w.Events)
	return all
}

// simulated are the queries of a run in the simulator, at its beginning. arrivals
// are the window's.
func simulated(d sim.Driver, w *Window, arrivals []time.Duration, weights env.Weights, length time.Duration, rival string, seed uint64) (*sim.Sim, error) {
	ladder, err := env.NewLadder(shortest, longest)
	if err != nil {
		return nil, err
	}
	d.Queries = slices.Clone(d.Queries)
	for i := range d.Queries {
		c := &d.Queries[i]
		c.Run, c.Seed, c.Duration = "1", seed, settling+length
		c.Arrivals, c.Reference, c.Past = arrivals, w.Trace.Rate, first
		c.Settings = env.Settings{Weights: weights, Ladder: ladder, Grace: grace, Period: period}
		c.Configured, c.RoundTrip = configured, roundTrip
		if !strings.HasPrefix(rival, fixedPrefix) { // who does not look is played without
			c.Forecaster = func() env.Forecaster { return forecast.New() }
		}
	}
	return sim.NewDriver(d)
}

// predict plays a rival in the simulator, as it is now.
func predict(d sim.Driver, w *Window, weights env.Weights, length time.Duration, rival string) (Prediction, error) {
	return predictBy(d, w, weights, length, rival, func() (play, error) { return player(rival, "") })
}

// predictBy plays what begin returns anew for each draw.
func predictBy(
	d sim.Driver, w *Window, weights env.Weights, length time.Duration, rival string, begin func() (play, error),
) (Prediction, error) {
	var p Prediction
	arrivals := w.arrivals()
	for seed := range uint64(draws) {
		s, err := simulated(d, w, arrivals, weights, length, rival, seed)
		if err != nil {
			return p, fmt.Errorf("simulating %s on %s: %w", rival, w.Trace.Name, err)
		}
		act, err := begin()
		if err != nil {
			return p, err
		}
		var lead []sim.Score
		for t, ok := s.Next(); ok; t, ok = s.Next() {
			at := t.At.Sub(0)
			if lead == nil && at >= (settling+LeadIn).Seconds() {
				lead = scores(s)
			}
			act(s, &t, at >= settling.Seconds())
		}
		p.add(weights, lead, scores(s), length-LeadIn)
	}
	return p, nil
}

func scores(s *sim.Sim) []sim.Score {
	all := make([]sim.Score, s.Queries())
	for i := range all {
		all[i] = s.Score(i)
	}
	return all
}

// add takes in one draw: what came after the lead-in, each side with the queue
// that it leaves.
func (p *Prediction) add(weights env.Weights, lead, end []sim.Score, window time.Duration) {
	seconds := window.Seconds()
	for i := range end {
		cost := func(s sim.Score) float64 { return weights.Cost(s.Components) + weights.Cost(s.Leftover) }
		p.CostRate += (cost(end[i]) - cost(lead[i])) / seconds / draws
		delay := end[i].Latency + end[i].Leftover.Latency - lead[i].Latency - lead[i].Leftover.Latency
		p.MeanMs += 1e3 * delay / seconds / draws / float64(len(end))
		p.Triggers += (end[i].Triggers - lead[i].Triggers) / draws
		p.Empties += (end[i].Empty - lead[i].Empty) / draws
	}
}

// play decides on a tick of the simulator, and commands where it may act.
type play func(s *sim.Sim, t *env.Tick, acts bool)

// player returns what a rival does; a rule with the parameters that policy, a
// Key.Policy, has.
func player(rival, policy string) (play, error) {
	if rival == Frozen || rival == Learning {
		return policyPlayer()
	}
	e, ok := rules.Find(rival)
	if !ok {
		return nil, fmt.Errorf("%w: rival %q is not known", ErrOptions, rival)
	}
	values, err := e.Described(policy)
	if err != nil {
		return nil, err
	}
	return outright(func() rules.Rival { return e.With(values) })
}

// outright has each query a rule of its own, whose interval is in effect at once.
func outright(rule func() rules.Rival) (play, error) {
	ladder, err := env.NewLadder(shortest, longest)
	if err != nil {
		return nil, err
	}
	rivals := map[env.QueryKey]rules.Rival{}
	return func(s *sim.Sim, t *env.Tick, acts bool) {
		if rivals[t.Query] == nil {
			rivals[t.Query] = rule()
		}
		if interval := rivals[t.Query].Decide(t); acts {
			s.Command(t.Query, rules.Outright(interval, ladder))
		}
	}, nil
}

// policyPlayer serves the shipped policy, frozen.
func policyPlayer() (play, error) {
	a, err := pretrained.Policy()
	if err != nil {
		return nil, err
	}
	loop, err := agent.Serving(a)
	if err != nil {
		return nil, err
	}
	return func(s *sim.Sim, t *env.Tick, acts bool) {
		if step, command := loop.Step(t); command && acts {
			s.Act(t.Query, step.Rung)
		}
	}, nil
}

// topFixed are the three intervals of the fixed grid that the simulator ranks
// best for a window.
func (b *bench) topFixed(w *Window) ([]string, error) {
	d, err := calibration(b.Calibration, b.Job, runtime.NumCPU())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", TopFixed, err)
	}
	type ranked struct {
		name string
		cost float64
	}
	var grid []ranked
	for _, interval := range rules.Grid {
		name := fixedPrefix + interval.String()
		p, err := predict(d, w, b.weights, b.Length, name)
		if err != nil {
			return nil, err
		}
		grid = append(grid, ranked{name, p.CostRate})
	}
	slices.SortFunc(grid, func(x, y ranked) int { return cmp.Compare(x.cost, y.cost) })
	var top []string
	for _, r := range grid[:topCount] {
		top = append(top, r.name)
	}
	return top, nil
}

// fixedPrefix begins the names of the fixed grid.
const fixedPrefix = "fixed-"

// foresee is the least cost a second that the window's very events allow at the
// first query's batch times, without their noise.
func foresee(d sim.Driver, w *Window, weights env.Weights, length time.Duration) (float64, error) {
	q := clairvoyant.Query{
		Duration: (length - LeadIn).Seconds(), Overhead: d.Queries[0].Overhead.Seconds(), PerRow: d.Queries[0].PerRow,
		Reference: float64(len(w.Events)) / (length - LeadIn).Seconds(), Drain: true,
		Settings: env.Settings{Weights: weights, Grace: grace},
	}
	for _, e := range w.Events {
		q.Arrivals = append(q.Arrivals, clairvoyant.Arrival{At: e.At.Seconds(), Events: 1})
	}
	plan, err := clairvoyant.Solve(q)
	if err != nil {
		return 0, fmt.Errorf("planning the known future of %s: %w", w.Trace.Name, err)
	}
	return plan.Cost / q.Duration, nil
}
