package spark

import "rubato/env"

const (
	// leakRate is how fast the estimate gives way, s per s: more than clocks
	// drift, less than it takes to notice.
	leakRate = 100e-6
	// A clock that read less than it should for resetSpan on both sides, by
	// more than resetBehind, was stopped or set: it is taken anew.
	resetSpan   = 30 * 1e9
	resetBehind = 5 * 1e9
)

// Clock maps the monotonic clock of one run's driver to the tuner's time.
type Clock struct {
	// Offset is tuner - driver, ns: the smallest seen, leaking upwards.
	Offset int64 `json:"offset"`
	// At is when Offset was last leaked, on the tuner's clock.
	At    env.Time `json:"at"`
	Known bool     `json:"known"`
	// BehindAt and BehindMono are when the messages began to come later than
	// resetBehind without one in time between; BehindLeast is the smallest
	// offset since. Zero BehindAt: they do not.
	BehindAt    env.Time `json:"behindAt"`
	BehindMono  int64    `json:"behindMono"`
	BehindLeast int64    `json:"behindLeast"`
}

// Observe takes in that a message sent at mono was received at now. It
// reports whether the clock had to be taken anew, so that times before and
// after do not fit together.
func (c *Clock) Observe(now env.Time, mono int64) (reset bool) {
	offset := int64(now) - mono
	if !c.Known {
		*c = Clock{Offset: offset, At: now, Known: true}
		return false
	}
	if now > c.At {
		c.Offset += int64(now.Sub(c.At) * leakRate * 1e9)
		c.At = now
	}
	c.Offset = min(c.Offset, offset)
	switch {
	case offset-c.Offset < resetBehind:
		c.BehindAt, c.BehindMono, c.BehindLeast = 0, 0, 0
	case c.BehindAt == 0:
		c.BehindAt, c.BehindMono, c.BehindLeast = now, mono, offset
	default:
		c.BehindLeast = min(c.BehindLeast, offset)
		if now-c.BehindAt > resetSpan && mono-c.BehindMono > resetSpan {
			*c = Clock{Offset: c.BehindLeast, At: now, Known: true}
			return true
		}
	}
	return false
}

// Time maps a moment of the driver's clock.
func (c *Clock) Time(mono int64) env.Time { return env.Time(mono + c.Offset) }
