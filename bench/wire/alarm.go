package main

import (
	"slices"
	"time"
)

// nap is how long the alarm sleeps each time.
const nap = 5 * time.Millisecond

// alarm measures how late a sleeper wakes: what the machine's load alone does
// to a round trip.
type alarm struct {
	quit chan struct{}
	done chan lateness
}

// lateness are sorted delays.
type lateness []time.Duration

func newAlarm() *alarm {
	a := &alarm{quit: make(chan struct{}), done: make(chan lateness)}
	go a.run()
	return a
}

func (a *alarm) run() {
	var late lateness
	for {
		due := time.Now().Add(nap)
		select {
		case <-a.quit:
			slices.Sort(late)
			a.done <- late
			return
		case <-time.After(nap):
			late = append(late, max(time.Since(due), 0))
		}
	}
}

// stop ends the measurement and returns what it found.
func (a *alarm) stop() lateness {
	close(a.quit)
	return <-a.done
}

// at is the q-quantile in milliseconds.
func (l lateness) at(q float64) float64 {
	if len(l) == 0 {
		return 0
	}
	return float64(l[int(q*float64(len(l)-1))].Microseconds()) / 1e3
}
