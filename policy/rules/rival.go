package rules

import (
	"math"

	"rubato/env"
)

// Rival decides for one run of one query; it may remember. Unlike a
// policy.Policy it is not held to the ladder: it says the interval outright.
type Rival interface {
	// Decide returns the interval, s, that the query should have from this
	// tick on, counted from the trigger's start: Observation.SinceTrigger or
	// less triggers at once; a wait is the planned interval, or Wait.
	Decide(t *env.Tick) float64
}

// Wait is the interval of a rival that waits until it sees a reason to trigger:
// a day, s. Outright holds it to the longest that may be commanded.
const Wait = 86400

// Informed is a Rival that has to be told what no tuner can know: the true
// arrival rate, events/s, in the second that follows a moment. Tell is called
// once, before the first Decide.
type Informed interface {
	Rival
	Tell(rate func(at env.Time) float64)
}

// Parameter is one named number of a rule and the range that it is searched
// in.
type Parameter struct {
	Name string
	// Low and High bound the search; both > 0 where Log is set, and the search
	// is then over the logarithm.
	Low, High float64
	Log       bool
	// Default is the published value, or the middle of the road.
	Default float64
}

// Regime is a set of kinds of query.
type Regime uint8

// The regimes that a rule may be tuned on.
const (
	// Sighted: one query whose end offsets are seen.
	Sighted Regime = 1 << iota
	// Blind: its end offsets are not.
	Blind
	// Target: a latency target is set.
	Target
	// Shared: several queries share a driver.
	Shared
	// OffModel: prices or times are not one number a batch.
	OffModel
	// Every is all of them.
	Every = Sighted | Blind | Target | Shared | OffModel
)

// Entry is a rule in the tournament.
type Entry struct {
	Name string
	// Steps is set where the interval that the rule names may be approached by
	// one ladder step a tick only (StepTowards); else it is commanded as it is
	// (Outright).
	Steps bool
	// Informed is set where New makes an Informed rival: no rule that a tuner
	// could run, but a limit.
	Informed bool
	// Forecasts is set where what New makes looks at Observation.Forecast: for
	// the others there need be no forecaster.
	Forecasts bool
	// Meant are the kinds of query on which one set of values was tuned.
	Meant Regime
	// Parameters are what can be tuned, none for rules as published.
	Parameters []Parameter

	constant bool // names one interval for ever: its steps would be the same
	build    func(values []float64) Rival
}

// New returns the rival with the committed values of its parameters.
func (e Entry) New() Rival { return e.build(e.Values()) }

// With returns the rival with the given values, in the order of Parameters.
// Where there are fewer, the last ones keep their committed values.
func (e Entry) With(values []float64) Rival {
	if n := len(values); n < len(e.Parameters) {
		values = append(values[:n:n], e.Values()[n:]...)
	}
	return e.build(values)
}

// rivals holds every rival in the order of the tables. Adding one is a file
// and a line here.
var rivals = []func() []Entry{
	fixedGrid,
	waitingCosts,
	waitingForecast,
	linearThreshold,
	targetAware,
	squareRoot,
	countThreshold,
	modelPredictive,
	fixedPoint,
	isotonic,
	linearFit,
	spsa,
	aimd,
	pid,
	ratioRule,
	reactive,
	adaptiveStream,
	minOffsets,
}

// StepsSuffix ends the name of an entry that is held to ladder steps.
const StepsSuffix = "/steps"

// Rivals lists every entry: each rule acting outright, and beside it, where
// that differs, the same rule with the same values held to ladder steps.
func Rivals() []Entry {
	var all []Entry
	for _, entries := range rivals {
		for _, e := range entries() {
			all = append(all, e)
			if !e.constant {
				e.Name += StepsSuffix
				e.Steps = true
				all = append(all, e)
			}
		}
	}
	return all
}

// Find returns the entry of that name.
func Find(name string) (Entry, bool) {
	for _, e := range Rivals() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// limited is x within lo and hi; hi where x is not a number.
func limited(x, lo, hi float64) float64 {
	if math.IsNaN(x) {
		return hi
	}
	return min(max(x, lo), hi)
}
