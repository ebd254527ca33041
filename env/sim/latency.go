package sim

import "math"

const (
	// octave is the number of bins to each doubling; octaves how many there
	// are, from floor on, s.
	octave       = 32
	octaves      = 28
	latencyFloor = 0.001
	mantissa     = 5 // bits: 2^5 is octave
)

// Latency is the distribution of event delays, s: a histogram with bins 2 to 3
// % wide from 1 ms to three days, and the exact mean.
type Latency struct {
	counts      [octave * octaves]float64
	events, sum float64
}

// add takes in n events of the given delay.
func (l *Latency) add(delay, n float64) {
	l.events += n
	l.sum += n * delay
	i := int(math.Float64bits(delay/latencyFloor)>>(52-mantissa)) - 1023*octave
	l.counts[min(max(i, 0), len(l.counts)-1)] += n
}

// Events is how many were served.
func (l *Latency) Events() float64 { return l.events }

// Mean is the mean delay, s, 0 without events.
func (l *Latency) Mean() float64 {
	if l.events == 0 {
		return 0
	}
	return l.sum / l.events
}

// Quantile is the delay that the share p of the events does not exceed, s, to
// within a bin; 0 without events.
func (l *Latency) Quantile(p float64) float64 {
	left := p * l.events
	if l.events == 0 {
		return 0
	}
	for i, n := range l.counts {
		if n > 0 && left <= n {
			lo, hi := edge(i), edge(i+1)
			if i == 0 {
				lo = 0
			}
			return lo + (hi-lo)*max(left/n, 0)
		}
		left -= n
	}
	return edge(len(l.counts))
}

// edge is the lower end of bin i, s.
func edge(i int) float64 {
	return latencyFloor * math.Float64frombits(uint64(i+1023*octave)<<(52-mantissa))
}
