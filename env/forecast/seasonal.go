package forecast

// Seasonal repeats what was one period ago. The period is found causally: that
// of 6 to 300 s at which the series differs least from itself (the average
// magnitude difference function, faded over 300 s). Its zero value has seen
// nothing. It counts in float32, which is enough for it.
type Seasonal struct {
	Ring   [maxPeriod + 1]float32 // the last rates
	Miss   [maxPeriod + 1]float32 // by period: mean |x(t) - x(t - period)|
	Period int64
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
	now, x := int(s.Seen%size), float32(rate)
	s.Ring[now] = x
	known, best := min(int(s.Seen), maxPeriod), int(s.Period)
	i := now - minPeriod
	for p := minPeriod; p <= known; p++ {
		if i < 0 {
			i += size
		}
		d := x - s.Ring[i]
		i--
		if d < 0 {
			d = -d
		}
		gain := float32(1. / scaleTau)
		if s.Seen < maxPeriod+scaleTau {
			gain = 1 / min(float32(int(s.Seen)-p+1), scaleTau)
		}
		s.Miss[p] += gain * (d - s.Miss[p])
	}
	// A period counts once it has been seen three times over.
	for p := minPeriod; p <= min(known, int(s.Seen)/3); p++ {
		if best == 0 || s.Miss[p] < clearly*s.Miss[best] {
			best = p
		}
	}
	s.Period = int64(best)
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
			at = (last + h - int(s.Period) + size) % size
		}
		out[i] = float64(s.Ring[at])
	}
}
