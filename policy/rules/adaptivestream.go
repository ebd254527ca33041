package rules

import (
	"rubato/env"
)

// adapting is AdaptiveStream's controller: each second the interval in which a
// set number of events comes at the predicted rate (2 s where none is
// predicted), smoothed, at most halved or doubled, between 0.1 and 30 s. Its
// confidence is 1: the blend with 2 s, made where it is less, falls away.
type adapting struct {
	events  float64 // 0 where seconds says it
	seconds float64 // of the mean load, s
	base    float64 // interval without a prediction, s
	gain    float64 // of the new target in the smoothing
	predict predictor

	asked    env.Time
	begun    bool
	interval float64
}

// predictor gives the rate that the controller goes by, events/s. It is asked
// at each tick.
type predictor interface {
	rate(t *env.Tick) float64
}

// Decide implements Rival.
func (a *adapting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	r := a.predict.rate(t)
	if t.First || !a.begun {
		a.begun, a.asked, a.interval = true, t.At, limited(o.Interval, 0.1, 30)
	}
	for ; t.At.Sub(a.asked) >= 1; a.asked = a.asked.Add(1) {
		a.interval = a.next(o, r)
	}
	return a.interval
}

func (a *adapting) next(o *env.Observation, r float64) float64 {
	target := a.base
	if r > 0 {
		events := a.events
		if events == 0 {
			events = a.seconds * o.Reference
		}
		target = events / r
	}
	smooth := a.gain*target + (1-a.gain)*a.interval
	return limited(limited(smooth, a.interval/2, 2*a.interval), 0.1, 30)
}

// Tell implements Informed.
func (a *adapting) Tell(rate func(at env.Time) float64) {
	if p, ok := a.predict.(*trueRate); ok {
		p.at = rate
	}
}

// adaptiveStream are the controller as published (1000 events, 2 s, 0.3) on an
// EMA of 0.3, on the environment's forecast and on the true rate; and tuned,
// the events in seconds of the query's mean load, on an EMA of 0.3, a tuned
// EMA, Holt and the true rate.
func adaptiveStream() []Entry {
	published := func(name string, informed bool, p func() predictor) Entry {
		_, forecasts := p().(forecastRate)
		return Entry{
			Name: "adaptive-stream-published" + name, Informed: informed, Forecasts: forecasts, Meant: Every,
			build: func([]float64) Rival {
				return &adapting{events: 1000, base: 2, gain: 0.3, predict: p()}
			},
		}
	}
	own := []Parameter{
		{Name: "seconds", Low: 0.02, High: 60, Log: true, Default: 2},
		{Name: "base", Low: 0.1, High: 30, Log: true, Default: 2},
		{Name: "gain", Low: 0.05, High: 1, Default: 0.3},
	}
	tuned := func(name string, informed bool, more []Parameter, p func(v []float64) predictor) Entry {
		return Entry{
			Name: "adaptive-stream-" + name, Informed: informed, Meant: Every,
			Parameters: append(own[:3:3], more...),
			build: func(v []float64) Rival {
				return &adapting{seconds: v[0], base: v[1], gain: v[2], predict: p(v[3:])}
			},
		}
	}
	return []Entry{
		published("", false, func() predictor { return &ema{alpha: 0.3} }),
		published("-forecast", false, func() predictor { return forecastRate{} }),
		published("-true-rate", true, func() predictor { return &trueRate{} }),
		tuned("ema", false, nil, func([]float64) predictor { return &ema{alpha: 0.3} }),
		tuned("ema-tuned", false, []Parameter{{Name: "alpha", Low: 0.01, High: 0.95, Log: true, Default: 0.3}},
			func(v []float64) predictor { return &ema{alpha: v[0]} }),
		tuned("holt", false, []Parameter{
			{Name: "level", Low: 0.05, High: 0.95, Default: 0.8},
			{Name: "trend", Low: 0, High: 0.95, Default: 0.4},
		}, func(v []float64) predictor { return &holt{alpha: v[0], beta: v[1]} }),
		tuned("true-rate", true, nil, func([]float64) predictor { return &trueRate{} }),
	}
}
