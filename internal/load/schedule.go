package load

import (
	"math/rand/v2"
	"time"
)

// Keys is the number of different record keys.
const Keys = 20

// Event is one event of a schedule.
type Event struct {
	// At is the time since the load began.
	At time.Duration
	// Key is from 0 up to Keys, not included.
	Key int
}

// meanLow and meanHigh bound the mean rate of a bursty schedule, events/s.
const meanLow, meanHigh = 120, 280

// stretch is a part of a schedule whose rate goes straight from one value to
// another.
type stretch struct {
	seconds  float64
	from, to float64
}

func (s stretch) events() float64 { return s.seconds * (s.from + s.to) / 2 }

// Bursty returns the schedule of a seed, in order of time.
func Bursty(seed uint64, length time.Duration) []Event {
	rng := generator(seed)
	mean := between(rng, meanLow, meanHigh)
	return draw(rng, bursts(rng, length.Seconds(), mean))
}

func generator(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x6c6f6164)) }

func between(rng *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }

// bursts returns stretches that fill the length, s, at this mean rate.
func bursts(rng *rand.Rand, length, mean float64) []stretch {
	var shape []stretch
	var filled, events float64
	add := func(seconds, from, to float64) {
		s := stretch{seconds, from, to}
		if rest := length - filled; s.seconds > rest {
			s = stretch{rest, from, from + (to-from)*rest/s.seconds}
		}
		shape = append(shape, s)
		filled += s.seconds
		events += s.events()
	}
	steady := func() float64 {
		rate := between(rng, 0.4, 1)
		add(between(rng, 8, 20), rate, rate)
		return rate
	}
	base := steady() // an idle beginning would have no events to scale
	for filled < length {
		switch rng.IntN(3) {
		case 0:
			base = steady()
		case 1:
			add(between(rng, 4, 12), 0, 0)
		case 2:
			peak := between(rng, 3, 8)
			add(between(rng, 0.5, 2), base, peak)
			add(between(rng, 2, 6), peak, peak)
			add(between(rng, 1, 3), peak, base)
		}
	}
	for i := range shape {
		shape[i].from *= mean * length / events
		shape[i].to *= mean * length / events
	}
	return shape
}

// draw lays events on the stretches by an inhomogeneous Poisson process, by
// thinning (Lewis and Shedler 1979).
func draw(rng *rand.Rand, shape []stretch) []Event {
	var events []Event
	var begin float64
	for _, s := range shape {
		top := max(s.from, s.to)
		if top > 0 {
			for t := rng.ExpFloat64() / top; t < s.seconds; t += rng.ExpFloat64() / top {
				if rng.Float64()*top < s.from+(s.to-s.from)*t/s.seconds {
					at := time.Duration((begin + t) * float64(time.Second))
					events = append(events, Event{At: at, Key: rng.IntN(Keys)})
				}
			}
		}
		begin += s.seconds
	}
	return events
}
