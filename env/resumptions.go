package env

import "math"

// Resumptions estimates how soon a load that has all but ceased comes back, for
// queries whose end offsets are not seen: nothing but a trigger tells them that it
// is back. The load is away while its rates of 2 and of 15 s are below awayShare of
// the reference rate (Observation.ResumeHazard goes by that of 15 s alone), and back at
// that share of it. Times that it came back over the time that it was away is the
// hazard of a Poisson process; before anything was seen, once in firstAway. What
// was seen is forgotten over resumptionsSpan seconds away.
type Resumptions struct {
	Times, Away float64
}

const (
	awayShare       = 0.3
	firstAway       = 15
	resumptionsSpan = 14400
)

// Observe takes in that events came at the given rate over dt seconds, after the
// rates before.
func (r *Resumptions) Observe(dt, rate float64, before *Rates) {
	least := awayShare * before.Reference()
	if dt <= 0 || before.R15() >= least || before.R2() >= least {
		return
	}
	keep := math.Exp(-dt / resumptionsSpan)
	r.Away = keep*r.Away + dt
	r.Times *= keep
	if rate >= least {
		r.Times++
	}
}

// Hazard is the chance in a second that a load that is away comes back, 1/s.
func (r *Resumptions) Hazard() float64 { return (r.Times + 1) / (r.Away + firstAway) }
