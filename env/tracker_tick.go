package env

// Tick closes the step in course at t and returns it with what is seen at t;
// cause is the sequence of the message that caused it, 0 for a timed tick.
func (k *Tracker) Tick(t Time, cause uint64) Tick {
	s := &k.s
	t = max(t, s.At)
	tick := Tick{
		Query: s.Query, Run: s.Run, At: t, Cause: cause,
		Mask: k.Mask(), First: s.First, Teaches: s.WasWarm && !s.Unknown && !s.First,
	}
	k.account(t)
	if !s.First {
		tick.Elapsed = t.Sub(s.At)
		tick.Cost, tick.Discounted = s.Meter.Plain, s.Meter.Discounted
	}
	k.observe(t, &tick.Observation)
	tick.Arrived = k.arrived(t)
	k.next(t)
	return tick
}

// next begins the step from t on.
func (k *Tracker) next(t Time) {
	s := &k.s
	s.First, s.Unknown, s.WasWarm = false, false, k.Warmed()
	s.MeterFrom = min(s.Frontier, t)
	s.Provisional = k.eventSeconds(s.MeterFrom, t)
	s.At = t
	s.Meter.Start(s.Rates.Reference(), s.Fit.Overhead(), s.Fit.PerRow(), s.Cap, s.Settings.Grace.Seconds())
	drop := 0
	for drop < len(s.Commits) && s.Commits[drop].At <= s.MeterFrom {
		s.Level = s.Commits[drop].Level
		drop++
	}
	s.Commits = append(s.Commits[:0], s.Commits[drop:]...)
	keep := min(s.MeterFrom, s.WaitedTo)
	if s.Settings.Target > 0 {
		keep -= Time(s.Settings.Target)
	}
	if k.level() < k.arrived(t) { // the oldest outstanding event's age is asked
		keep = min(keep, s.Curve.Crossing(k.level()))
	}
	s.Curve.Trim(keep)
}

// account integrates the step up to t.
func (k *Tracker) account(t Time) {
	s := &k.s
	if s.Curve.Len() == 0 {
		return
	}
	correction := s.Carry
	if s.MeterFrom < s.At {
		correction += k.eventSeconds(s.MeterFrom, s.At) - s.Provisional
	}
	p := k.pieces(s.At, t, 0)
	for p.next() {
		s.Meter.Outstanding(p.begin.Sub(s.At), p.end.Sub(p.begin), p.n0, p.n1)
	}
	if s.Settings.Target > 0 {
		p = k.pieces(s.At, t, Time(s.Settings.Target))
		for p.next() {
			s.Meter.Late(p.begin.Sub(s.At), p.end.Sub(p.begin), p.n0, p.n1)
		}
	}
	s.Carry = correction
	if m := &s.Meter; s.First || m.Reference <= 0 {
		s.Carry = 0
	} else if correction != 0 && t > s.At {
		c := max(correction/m.Reference, -min(m.Plain.Latency, m.Discounted.Latency))
		m.Plain.Latency += c
		m.Discounted.Latency += c
		s.Carry = correction - c*m.Reference
	}
}

// eventSeconds is the integral of the outstanding, as known now.
func (k *Tracker) eventSeconds(from, to Time) float64 {
	if from >= to {
		return 0
	}
	sum := 0.0
	p := k.pieces(from, to, 0)
	for p.next() {
		sum += undiscounted(p.end.Sub(p.begin), p.n0, p.n1)
	}
	return sum
}

// piece walks the outstanding between two times: stretches on which arrivals
// (delayed by shift) are linear and the committed total stands still.
type piece struct {
	k          *Tracker
	to, shift  Time
	point      int // next point of the curve
	commit     int // next commit
	level      float64
	begin, end Time
	taken      float64 // the committed total of this stretch
	n0, n1     float64 // outstanding at its ends
}

func (k *Tracker) pieces(from, to, shift Time) piece {
	s := &k.s
	p := piece{k: k, to: to, shift: shift, level: s.Level, end: from}
	p.point = s.Curve.after(from - shift)
	for p.commit < len(s.Commits) && s.Commits[p.commit].At <= from {
		p.level = s.Commits[p.commit].Level
		p.commit++
	}
	return p
}

func (p *piece) next() bool {
	s := &p.k.s
	p.begin = p.end
	if p.begin >= p.to || s.Curve.n == 0 {
		return false
	}
	p.end = p.to
	if p.commit < len(s.Commits) {
		p.end = min(p.end, s.Commits[p.commit].At)
	}
	i := p.point
	if i < s.Curve.n {
		at, _ := s.Curve.point(i)
		if at+p.shift <= p.end {
			p.end = at + p.shift
			p.point++
		}
	}
	p.taken = p.level
	p.n0 = p.value(i, p.begin-p.shift) - p.level
	p.n1 = p.value(i, p.end-p.shift) - p.level
	for p.commit < len(s.Commits) && s.Commits[p.commit].At <= p.end {
		p.level = s.Commits[p.commit].Level
		p.commit++
	}
	return true
}

// value is the total at t, between the points i-1 and i.
func (p *piece) value(i int, t Time) float64 {
	c := &p.k.s.Curve
	if i < c.n {
		return c.between(i, t)
	}
	return p.k.arrived(max(t, p.k.s.Frontier))
}

// waited is the integral, up to t, of what the last trigger left and what came
// after it, event-seconds.
func (k *Tracker) waited(t Time) float64 {
	s := &k.s
	if to := min(s.Frontier, t); to > s.WaitedTo {
		s.Waited += k.area(s.WaitedTo, to)
		s.WaitedTo = to
	}
	return s.Waited + k.area(s.WaitedTo, t)
}

// area integrates arrivals above the committed total of now.
func (k *Tracker) area(from, to Time) float64 {
	if from >= to {
		return 0
	}
	sum, level := 0.0, k.level()
	p := k.pieces(from, to, 0)
	for p.next() {
		sum += undiscounted(p.end.Sub(p.begin), p.n0+p.taken-level, p.n1+p.taken-level)
	}
	return sum
}

// observe fills o with what is known at t.
func (k *Tracker) observe(t Time, o *Observation) {
	s := &k.s
	ladder := s.Settings.Ladder
	o.SinceTrigger = max(t.Sub(s.TriggerStart), 0)
	o.Interval = s.Interval
	if s.Commanded.Interval > 0 {
		o.Interval = ladder.Interval(s.Rung).Seconds()
	}
	o.Shorter, o.Longer = o.Interval, o.Interval
	if s.Rung > 0 {
		o.Shorter = ladder.Interval(s.Rung - 1).Seconds()
	}
	if s.Rung < ladder.Len()-1 {
		o.Longer = ladder.Interval(s.Rung + 1).Seconds()
	}
	o.Rung, o.Rungs, o.Period = float64(s.Rung), float64(ladder.Len()), s.Settings.Period.Seconds()

	o.Outstanding = max(k.arrived(t)-k.level(), 0)
	o.Waited = k.waited(t)
	o.OldestAge = k.oldest(t, o.Outstanding)
	o.Idle = max(t.Sub(s.RoseAt), 0)
	if k.sighted(t) {
		o.Sighted = 1
	}
	o.SightAge = max(t.Sub(s.Frontier), 0)

	r := &s.Rates
	o.R05, o.R2, o.R15, o.R300, o.Reference = r.R05(), r.R2(), r.R15(), r.R300(), r.Reference()
	o.ResumeHazard = 0
	if o.Sighted == 0 && o.R15 < awayShare*o.Reference {
		o.ResumeHazard = s.Resumptions.Hazard()
	}
	o.Forecast = [3]float64{o.R2, o.R2, o.R2}
	if k.forecast != nil {
		k.forecast.Predict(&k.rate, &k.spread)
		o.Forecast, o.Spread = k.rate, k.spread
	}

	o.BatchLast, o.BatchSmoothed = s.BatchLast, s.BatchSmooth
	o.Overhead, o.PerRow = s.Fit.Overhead(), s.Fit.PerRow()
	o.Cap, o.Floor, o.NextRows = s.Cap, s.Floor, o.Outstanding
	if s.Cap > 0 {
		o.NextRows = min(o.NextRows, s.Cap)
	}
	o.EmptyShare = s.EmptyShare.value()
	o.WarmupLeft = float64(max(WarmupBatches-s.Batches, 0))
	l := &s.Neighbours
	o.DriverRunning, o.DriverBusy, o.DriverQueries = l.Running, l.Busy, l.Queries
	o.DriverLeft, o.DriverBefore, o.Cores, o.Contention = l.Left, l.Before, l.Cores, l.Contention
	o.NextPrice = s.Settings.BatchPrice(o.NextRows)
	o.SlowEvery, o.SlowSince, o.SlowExtra = s.Slow.Every, s.Slow.Since, s.Slow.Extra
	o.Weights, o.Target = s.Settings.Weights, s.Settings.Target.Seconds()
}
