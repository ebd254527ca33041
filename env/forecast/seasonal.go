package forecast

// Seasonal repeats what was one period ago. The period is found causally: that
// of 6 to 300 s at which the series differs least from itself (the average
// magnitude difference function, faded over 300 s). Its zero value has seen
// nothing.
type Seasonal struct {
	Ring   [maxPeriod + 1]float64 // the last rates
	Miss   [maxPeriod + 1]float64 // by period: mean |x(t) - x(t - period)|
	Period int
	Seen   uint64
}

const (
	minPeriod = 6 // more than the farthest horizon
	maxPeriod = 300
	// clearly is how much better another period has to be.
	clearly = 0.95
)

// Step takes in the rate of a second, events/s.
func (s *Seasonal) Step(rate float64) {
	const size = maxPeriod + 1
	now := int(s.Seen % size)
	s.Ring[now] = rate
	known := min(s.Seen, maxPeriod)
	best := s.Period
	for p := minPeriod; p <= int(known); p++ {
		i := now - p
		if i < 0 {
			i += size
		}
		d := rate - s.Ring[i]
		if d < 0 {
			d = -d
		}
		s.Miss[p] += (d - s.Miss[p]) / min(float64(s.Seen)-float64(p)+1, scaleTau)
	}
	// A period counts once it has been seen three times over.
	for p := minPeriod; p <= int(known) && uint64(3*p) <= s.Seen; p++ {
		if best == 0 || s.Miss[p] < clearly*s.Miss[best] {
			best = p
		}
	}
	s.Period = best
	s.Seen++
}

// Ahead fills the forecasts, events/s: the last rate where no period is known.
func (s *Seasonal) Ahead(out *[3]float64) {
	const size = maxPeriod + 1
	if s.Seen == 0 {
		return
	}
	last := int((s.Seen - 1) % size)
	for i, h := range Horizons {
		at := last
		if s.Period > 0 {
			at = (last + h - s.Period + size) % size
		}
		out[i] = s.Ring[at]
	}
}
