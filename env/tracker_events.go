package env

import (
	"math"
	"time"
)

// Arrived takes in a sample: by t, cumulative events had arrived in total
// (sum of end offsets, or relative to anything, on the scale of what batches
// commit). sighted says that it was asked of the source itself; false gives a
// count that some message happened to carry. A total below an earlier one is
// taken for that one.
func (k *Tracker) Arrived(t Time, cumulative float64, sighted bool) {
	if !(math.Abs(cumulative) <= maxCount) {
		return
	}
	s := &k.s
	if sighted {
		s.SampledAt, s.Sampled = max(t, s.SampledAt), true
	} else {
		s.Sampled = false
	}
	if s.Curve.Len() == 0 && !s.Based {
		s.Level = cumulative
	}
	k.confirm(t, cumulative)
}

// confirm moves the frontier to t, where the total was v.
func (k *Tracker) confirm(t Time, v float64) {
	s := &k.s
	if s.Curve.Len() == 0 {
		s.Curve.Append(t, v)
		s.Frontier, s.Counted, s.SecondTotal = t, v, v
		s.Second = (t/1e9 + 1) * 1e9
		if t%1e9 == 0 {
			s.Second = t + 1e9
		}
		return
	}
	_, last := s.Curve.Last()
	if v > last {
		s.RoseAt = max(t, s.RoseAt)
	}
	s.Curve.Append(t, v)
	if t <= s.Frontier {
		return
	}
	_, last = s.Curve.Last()
	dt, events := t.Sub(s.Frontier), last-s.Counted
	if !k.sighted(t) {
		s.Resumptions.Observe(dt, events/dt, &s.Rates)
	}
	s.Rates.Observe(dt, events)
	s.Counted, s.Frontier = last, t
	k.seconds()
}

// seconds takes the clock's seconds up to the frontier into the reference rate
// and the forecast.
func (k *Tracker) seconds() {
	s := &k.s
	if n := int64(s.Frontier-s.Second) / 1e9; n > catchUp {
		skip := n - catchUp
		to := s.Second + Time(skip-1)*1e9
		v := s.Curve.At(to)
		s.Rates.Seconds(float64(skip), (v-s.SecondTotal)/float64(skip))
		s.SecondTotal, s.Second = v, to+1e9
	}
	for s.Second <= s.Frontier {
		v := s.Curve.At(s.Second)
		rate := max(v-s.SecondTotal, 0)
		s.Rates.Seconds(1, rate)
		if k.forecast != nil {
			k.forecast.Step(s.Second, rate)
		}
		s.SecondTotal = v
		s.Second += 1e9
	}
}

// TriggerStart begins a trigger; interval is the one in effect, 0 if not told.
func (k *Tracker) TriggerStart(t Time, interval time.Duration) {
	s := &k.s
	if s.InBatch { // its end was not seen
		s.Unknown = true
	}
	s.InBatch = true
	s.Ended = ended{}
	s.TriggerStart = max(t, s.TriggerStart)
	if interval > 0 {
		s.Interval = interval.Seconds()
	}
	s.Waited, s.WaitedTo = 0, s.TriggerStart
}

// TriggerEnd ends the trigger in course, as known at t. For a batch: it ended
// at batchEnd, committed the total up to committed (on Arrived's scale), and
// read rows events; noData is a clean-up batch without any.
func (k *Tracker) TriggerEnd(t Time, o Outcome, batchEnd Time, committed, rows float64, noData bool) {
	s := &k.s
	end := max(min(batchEnd, t), s.TriggerStart)
	s.InBatch = false
	u := max(end.Sub(s.At), 0)
	switch {
	case o == Batch && math.Abs(committed) <= maxCount:
		s.Meter.Batch(u, s.Settings.BatchPrice(count(rows)))
		s.EmptyShare.add(0, 0.1)
		s.Batches++
		k.commit(end, committed, count(rows))
		if !noData {
			d := end.Sub(s.TriggerStart)
			k.lasted(d, count(rows))
		}
	case o == Empty:
		s.Meter.Empty(u)
		s.EmptyShare.add(1, 0.1)
		if !k.sighted(s.TriggerStart) && s.TriggerStart > s.Frontier && s.Curve.Len() > 0 {
			k.confirm(s.TriggerStart, k.level())
		}
	case o == HeldBack:
	default:
		s.Unknown = true
	}
}

func (k *Tracker) lasted(d, rows float64) {
	s := &k.s
	if s.Batches > WarmupBatches {
		predicted := s.Fit.Overhead() + s.Fit.PerRow()*rows
		s.Slow.observe(d, predicted)
	}
	s.Fit.Observe(rows, d)
	if s.BatchSmooth == 0 {
		s.BatchSmooth = d
	}
	s.BatchSmooth += 0.3 * (d - s.BatchSmooth)
	s.BatchLast = d
	s.Ended = ended{rows, d}
}

// commit records that a batch begun at the trigger's start brought the
// committed total to level at the given time.
func (k *Tracker) commit(at Time, level, rows float64) {
	s := &k.s
	if !s.Based {
		s.Based = true
		if s.Curve.Len() == 0 {
			// Blind, and how long these rows had waited is not known.
			s.Level = level
			k.confirm(s.TriggerStart, level)
			return
		}
		s.Level = level - rows
	}
	level = max(level, k.level())
	if n := len(s.Commits); n > 0 {
		at = max(at, s.Commits[n-1].At)
	}
	if len(s.Commits) == maxCommits {
		s.Level = s.Commits[0].Level
		s.Commits = append(s.Commits[:0], s.Commits[1:]...)
	}
	s.Commits = append(s.Commits, commit{at, level})
	_, last := s.Curve.Last()
	capped := s.Cap > 0 && rows >= 0.999*s.Cap
	if level > last || !capped && s.TriggerStart > s.Frontier {
		// A batch takes all there is at its start, so this is a sample.
		k.confirm(max(s.TriggerStart, s.Frontier), level)
	}
}

// level is the committed total now.
func (k *Tracker) level() float64 {
	if n := len(k.s.Commits); n > 0 {
		return k.s.Commits[n-1].Level
	}
	return k.s.Level
}

// sighted tells whether end offsets are seen at t.
func (k *Tracker) sighted(t Time) bool {
	return k.s.Sampled && t.Sub(k.s.SampledAt) <= SightFor
}

// slope is the rate at which arrivals are extrapolated past the frontier.
func (k *Tracker) slope() float64 {
	if k.sighted(k.s.Frontier) {
		return k.s.Rates.R2()
	}
	return k.s.Rates.R15()
}

// arrived is the total at t: the curve, or extrapolated.
func (k *Tracker) arrived(t Time) float64 {
	s := &k.s
	if s.Curve.Len() == 0 {
		return s.Level
	}
	if t <= s.Frontier {
		return s.Curve.At(t)
	}
	_, v := s.Curve.Last()
	return v + k.slope()*t.Sub(s.Frontier)
}

// oldest is the age at t of the oldest of n outstanding events, s.
func (k *Tracker) oldest(t Time, n float64) float64 {
	s := &k.s
	if n < OneEvent {
		return 0
	}
	from := s.Frontier
	if _, v := s.Curve.Last(); k.level() < v {
		from = s.Curve.Crossing(k.level())
	} else if r := k.slope(); r > 0 {
		from = s.Frontier.Add((k.level() - v) / r)
	}
	return math.Max(t.Sub(from), 0)
}
