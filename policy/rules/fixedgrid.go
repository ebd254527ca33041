package rules

import (
	"time"

	"rubato/env"
)

// Grid is the fixed grid of intervals that people choose from.
var Grid = []time.Duration{
	100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second,
	5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// fixedInterval names one interval, s, for ever.
type fixedInterval float64

// Decide implements Rival.
func (f fixedInterval) Decide(*env.Tick) float64 { return float64(f) }

// Constant is the rule that names one interval for ever.
func Constant(d time.Duration) Rival { return fixedInterval(d.Seconds()) }

// fixedGrid are the entries fixed-100ms to fixed-30s.
func fixedGrid() []Entry {
	entries := make([]Entry, len(Grid))
	for i, d := range Grid {
		entries[i] = Entry{
			Name: "fixed-" + d.String(), Meant: Every, constant: true,
			build: func([]float64) Rival { return Constant(d) },
		}
	}
	return entries
}
