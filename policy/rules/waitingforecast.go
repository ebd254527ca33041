package rules

import "rubato/env"

// forecastWaiting is waiting, but where end offsets are not seen what arrived
// since is taken from the forecast, not from the 15 s rate.
type forecastWaiting struct {
	waiting
	slow float64 // share of the 15 s rate mixed into the forecast
}

// Decide implements Rival.
func (f forecastWaiting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	n, waited := o.Outstanding, o.Waited
	if o.Sighted == 0 {
		n, waited = f.extrapolate(o)
	}
	cost := 0.0
	if o.Reference > 0 {
		cost = o.Weights.Latency * waited / o.Reference
	}
	enough := cost >= f.share(o)*o.Weights.Batch || o.Cap > 0 && n >= o.Cap
	return when(o, n >= max(env.OneEvent, o.Floor) && enough)
}

// extrapolate takes the observation's own extrapolation, a steady 15 s rate
// since the last sample, out of the outstanding and the waited, and puts the
// forecast rate in.
func (f forecastWaiting) extrapolate(o *env.Observation) (n, waited float64) {
	s := min(o.SightAge, o.SinceTrigger)
	n = max(o.Outstanding-o.R15*s, 0)
	waited = max(o.Waited-o.R15*s*s/2, 0)
	const parts = 16
	dt := s / parts
	for i := range parts {
		h := (float64(i) + 0.5) * dt
		r := ahead(o, o.SightAge-s+h)
		r += f.slow * (o.R15 - r)
		n += r * dt
		waited += r * dt * (s - h)
	}
	return n, waited
}

// ahead is the forecast h seconds after the last sample, events/s: linear
// between the horizons of 1, 3 and 5 s and level outside them.
func ahead(o *env.Observation, h float64) float64 {
	f := &o.Forecast
	switch {
	case h <= 1:
		return f[0]
	case h <= 3:
		return f[0] + (f[1]-f[0])*(h-1)/2
	case h <= 5:
		return f[1] + (f[2]-f[1])*(h-3)/2
	}
	return f[2]
}

func waitingForecast() []Entry {
	return []Entry{expects(Entry{
		Name: "waiting-cost-forecast", Forecasts: true, Meant: Sighted | Blind,
		Parameters: append(shares[:2:2], Parameter{Name: "slow", Low: 0, High: 1, Default: 0.3}),
		build: func(v []float64) Rival {
			return forecastWaiting{waiting{v[0], v[1]}, v[2]}
		},
	})}
}
