package env

import "math"

// Meter integrates the components of the cost over one step: the latency,
// backlog and miss integrals of a piecewise linear outstanding, and the lumps
// of triggers and commands. Each is kept plain and discounted to the step's
// start by exp(-DiscountRate x time) as it falls. Linear pieces have closed
// forms: nothing is stepped through. What prices an event (the reference rate,
// the fitted batch) holds still within a step.
type Meter struct {
	// Reference is the rate that latency and miss are divided by, events/s;
	// where it is 0 they cost nothing.
	Reference float64
	// Overhead and PerRow are the fitted batch, s and s/event; Cap is the
	// largest batch, events, 0 for none; Grace is B0, s, 0 for no backlog
	// component.
	Overhead, PerRow, Cap, Grace float64
	// Plain and Discounted are what has fallen since the step's start.
	Plain, Discounted Components
}

// Start empties the meter for a step at these prices.
func (m *Meter) Start(reference, overhead, perRow, limit, grace float64) {
	*m = Meter{Reference: reference, Overhead: overhead, PerRow: perRow, Cap: limit, Grace: grace}
}

// Outstanding adds a piece of dt seconds that begins u seconds into the step,
// with the outstanding going linearly from n0 to n1 events.
func (m *Meter) Outstanding(u, dt, n0, n1 float64) {
	plain, disc := positive(u, dt, n0, n1)
	if m.Reference > 0 {
		m.Plain.Latency += plain / m.Reference
		m.Discounted.Latency += disc / m.Reference
	}
	if m.Grace > 0 {
		m.backlog(u, dt, n0, n1, 0)
	}
}

// Late adds a piece in which the events outstanding for longer than the target
// go linearly from n0 to n1.
func (m *Meter) Late(u, dt, n0, n1 float64) {
	if m.Reference <= 0 {
		return
	}
	plain, disc := positive(u, dt, n0, n1)
	m.Plain.Miss += plain / m.Reference
	m.Discounted.Miss += disc / m.Reference
}

// Empty adds an empty trigger u seconds into the step.
func (m *Meter) Empty(u float64) {
	m.Plain.Empty++
	m.Discounted.Empty += math.Exp(-DiscountRate * u)
}

// Batch adds a batch of the given price (see Settings.BatchPrice) that ended u
// seconds into the step.
func (m *Meter) Batch(u, price float64) {
	m.Plain.Batch += price
	m.Discounted.Batch += price * math.Exp(-DiscountRate*u)
}

// Switch adds commanded ladder steps, u seconds into the step.
func (m *Meter) Switch(u, steps float64) {
	m.Plain.Switch += steps
	m.Discounted.Switch += steps * math.Exp(-DiscountRate*u)
}

// Debt is the time to work n events off beyond the grace, over the grace: the
// backlog component's rate. Less than OneEvent is none.
func (m *Meter) Debt(n float64) float64 {
	if n < OneEvent || m.Grace <= 0 {
		return 0
	}
	return max(0, WorkOff(n, m.Overhead, m.PerRow, m.Cap)-m.Grace) / m.Grace
}

// WorkOff is the fitted time to work n events off, s: batches of at most limit
// events (0 for no limit), each overhead + perRow x events.
func WorkOff(n, overhead, perRow, limit float64) float64 {
	if n <= 0 {
		return 0
	}
	batches := 1.0
	if limit > 0 {
		batches = max(1, n/limit)
	}
	return overhead*batches + perRow*n
}

// backlog splits the piece at each kink of Debt, from the given one on.
func (m *Meter) backlog(u, dt, n0, n1 float64, kink int) {
	for ; kink < 3; kink++ {
		k := m.kink(kink)
		if (n0 < k) != (n1 < k) && n0 != k && n1 != k {
			part := dt * ((k - n0) / (n1 - n0))
			m.backlog(u, part, n0, k, kink+1)
			m.backlog(u+part, dt-part, k, n1, kink+1)
			return
		}
	}
	if (n0+n1)/2 < OneEvent {
		return
	}
	plain, disc := linear(u, dt, m.Debt(n0), m.Debt(n1))
	m.Plain.Backlog += plain
	m.Discounted.Backlog += disc
}

// kink returns the i-th level at which Debt jumps or bends, or 0.
func (m *Meter) kink(i int) float64 {
	switch i {
	case 0:
		return OneEvent
	case 1:
		return m.Cap
	}
	one, each := m.Overhead, m.PerRow
	if m.Cap > 0 && m.Overhead+m.PerRow*m.Cap < m.Grace {
		one, each = 0, m.PerRow+m.Overhead/m.Cap
	}
	if each <= 0 {
		return 0
	}
	return max(0, (m.Grace-one)/each)
}

// positive integrates max(0, y) over a piece on which y goes from y0 to y1.
func positive(u, dt, y0, y1 float64) (plain, disc float64) {
	switch {
	case dt <= 0 || y0 <= 0 && y1 <= 0:
		return 0, 0
	case y0 < 0:
		skip := dt * (-y0 / (y1 - y0))
		return linear(u+skip, dt-skip, 0, y1)
	case y1 < 0:
		return linear(u, dt*(y0/(y0-y1)), y0, 0)
	}
	return linear(u, dt, y0, y1)
}

// undiscounted is the plain integral of positive.
func undiscounted(dt, y0, y1 float64) float64 {
	switch {
	case dt <= 0 || y0 <= 0 && y1 <= 0:
		return 0
	case y0 < 0:
		return (dt - dt*(-y0/(y1-y0))) * y1 / 2
	case y1 < 0:
		return dt * (y0 / (y0 - y1)) * y0 / 2
	}
	return dt * (y0 + y1) / 2
}

// linear integrates a value that goes from y0 to y1 over the dt seconds from u
// on: plainly, and times exp(-DiscountRate x time).
func linear(u, dt, y0, y1 float64) (plain, disc float64) {
	if dt <= 0 {
		return 0, 0
	}
	x := DiscountRate * dt
	// level is the mean of exp(-s x) over s in [0, 1], slope that of s exp(-s x).
	level, slope := 1.0, 0.5
	if x > 0.01 {
		e := math.Exp(-x)
		level = -math.Expm1(-x) / x
		slope = (level - e) / x
	} else {
		level -= x * (1.0/2 - x*(1.0/6-x*(1.0/24-x/120)))
		slope -= x * (1.0/3 - x*(1.0/8-x*(1.0/30-x/144)))
	}
	begin := 1.0
	if u != 0 {
		begin = math.Exp(-DiscountRate * u)
	}
	return dt * (y0 + y1) / 2, begin * dt * (y0*level + (y1-y0)*slope)
}
