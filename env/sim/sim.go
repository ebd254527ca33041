package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
)

// emptyTime is how long a trigger takes that runs no batch, s.
const emptyTime = 0.01

// never is after everything.
const never = env.Time(math.MaxInt64)

// Sim is the queries of one driver in virtual time; it implements
// env.Environment. It is not safe for concurrent use, but copies of it are
// independent of each other.
type Sim struct {
	*driver
	queries []query

	now     env.Time
	ticked  int // the query that ticked last
	running int // batches in course
	shared  env.Driver
	paused  int // pauses gone by
	resumes env.Time
	silent  bool // the trackers are told no more
}

// driver is what does not change in a run.
type driver struct {
	cores, contention float64
	end               env.Time
	pauses            []pause
}

var _ env.Environment = (*Sim)(nil)

// New returns one simulated query at time 0, with a driver of its own.
func New(cfg Config) (*Sim, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return open(Driver{Cores: 1, Queries: []Config{cfg}}), nil
}

// NewDriver returns the queries of one driver at time 0. Where there are more
// than one, their first triggers are spread over the configured intervals.
func NewDriver(d Driver) (*Sim, error) {
	d.Queries = append([]Config(nil), d.Queries...)
	if err := d.check(); err != nil {
		return nil, err
	}
	return open(d), nil
}

func open(d Driver) *Sim {
	s := &Sim{
		driver:  &driver{cores: d.Cores, contention: d.Contention, end: never, pauses: drawPauses(d.Queries)},
		queries: make([]query, len(d.Queries)),
	}
	for i := range d.Queries {
		c := &d.Queries[i]
		s.end = min(s.end, env.Time(c.Duration))
		q := &s.queries[i]
		q.spec = newSpec(c)
		q.tracker = c.tracker()
		q.grid = q.period
		q.interval, q.sent = c.Configured, c.Configured
		q.score.Reference = q.reference
		if len(d.Queries) > 1 {
			q.trigger.Start = env.Time(uniform(mix(c.Seed, math.MaxUint64))*float64(c.Configured)) - env.Time(c.Configured)
		} else {
			q.trigger.Start = -env.Time(c.Configured)
		}
		q.tracker.Configure(c.Settings, c.Configured)
		q.tracker.Past(q.reference, c.Past)
		q.tracker.SetCaps(c.Cap, c.Floor)
		if !c.Blind {
			q.tracker.Arrived(0, 0, true)
		}
		q.plan(s.resumes)
	}
	return s
}

// tracker returns a new tracker of the query.
func (c *Config) tracker() *env.Tracker {
	var f env.Forecaster
	if c.Forecaster != nil {
		f = c.Forecaster()
	}
	return env.NewTracker(c.Query, c.Run, f, 0)
}

// newSpec draws what does not depend on what is commanded.
func newSpec(c *Config) *spec {
	p := &spec{
		cfg: c, overhead: c.Overhead.Seconds(), target: c.Settings.Target.Seconds(),
		grace: c.Settings.Grace.Seconds(), period: env.Time(c.Settings.Period),
		reference: c.Reference,
	}
	if c.Arrivals != nil {
		p.clumps = recorded(c.Arrivals)
	} else {
		p.clumps = draw(c.Load(), c.Seed, c.Duration)
	}
	if p.reference == 0 {
		p.reference = pastMean(c.Load(), rand.New(rand.NewPCG(c.Seed, 3)), c.Past)
	}
	p.graced = p.debtFree()
	return p
}

// Next implements env.Environment.
func (s *Sim) Next() (env.Tick, bool) {
	for {
		i, at := s.earliest()
		if s.pause(min(at, s.end)) {
			continue
		}
		if at > s.end {
			s.finish()
			return env.Tick{}, false
		}
		s.now = at
		if s.happen(i, at) {
			s.ticked = i
			return s.tick(&s.queries[i]), true
		}
	}
}

// Run goes on to the end without ticks: every interval stays as it is, and
// nothing is observed. It is for those who have nothing to decide, such as
// fixed intervals.
func (s *Sim) Run() {
	s.silent = true
	for i := range s.queries {
		q := &s.queries[i]
		q.grid = never
		q.plan(s.resumes)
	}
	for {
		i, at := s.earliest()
		if s.pause(min(at, s.end)) {
			continue
		}
		if at > s.end {
			s.finish()
			return
		}
		s.now = at
		s.happen(i, at)
	}
}

// earliest is the query to which something happens next, and when.
func (s *Sim) earliest() (int, env.Time) {
	best, at := 0, s.queries[0].due
	for i := 1; i < len(s.queries); i++ {
		if t := s.queries[i].due; t < at {
			best, at = i, t
		}
	}
	return best, at
}

// finish is the end of the run.
func (s *Sim) finish() {
	s.now = s.end
	for i := range s.queries {
		s.queries[i].advance(s.end)
	}
}

// pause stops the driver where it is time for that by t.
func (s *Sim) pause(t env.Time) bool {
	if s.paused == len(s.pauses) || s.pauses[s.paused].from > t {
		return false
	}
	p := s.pauses[s.paused]
	s.paused++
	s.resumes = p.to
	for i := range s.queries {
		q := &s.queries[i]
		if q.inBatch {
			q.trigger.End += p.to - p.from
		}
		q.plan(s.resumes)
	}
	return true
}

// tick is the query's tick at this moment.
func (s *Sim) tick(q *query) env.Tick {
	l := s.shared.Neighbours(s.now)
	if l.Queries = float64(len(s.queries) - 1); l.Queries > 0 {
		s.others(q, &l)
	}
	q.tracker.SetNeighbours(l)
	return q.tracker.Tick(s.now, 0)
}

// others tells what the others' batches and waits mean to q.
func (s *Sim) others(q *query, l *env.Neighbours) {
	own := q.tracker.Pressure(s.now)
	var left env.Time // in whole nanoseconds, as live
	for i := range s.queries {
		k := s.queries[i].tracker
		left += env.Time(0).Add(k.Left(s.now))
		if k.Pressure(s.now) > own {
			l.Before++
		}
	}
	l.Left = left.Sub(0)
}

// speed is that of each batch while k are in course.
func (d *driver) speed(k int) float64 { return Speed(float64(k), d.cores, d.contention) }

// share sets how many batches are in course and brings the ends of those that
// are to the new speed.
func (s *Sim) share(k int) {
	was, is := s.speed(s.running), s.speed(k)
	s.running = k
	if was == is {
		return
	}
	for i := range s.queries {
		q := &s.queries[i]
		if q.inBatch && q.trigger.Outcome == env.Batch && q.trigger.End > s.now {
			q.trigger.End = s.now + env.Time(math.Round(float64(q.trigger.End-s.now)*was/is))
			q.plan(s.resumes)
		}
	}
}

// find returns the query of that key; the one that ticked last is asked first.
func (s *Sim) find(key env.QueryKey) *query {
	if q := &s.queries[s.ticked]; q.cfg.Query == key {
		return q
	}
	for i := range s.queries {
		if q := &s.queries[i]; q.cfg.Query == key {
			return q
		}
	}
	return nil
}

// Act implements env.Environment. Other keys than those of the queries are
// left alone.
func (s *Sim) Act(key env.QueryKey, rung int) {
	if q := s.find(key); q != nil {
		q.step(rung)
		q.send(s, q.tracker.Command(s.now))
	}
}

// Command sets any interval outright, 1 ms at the least, for rules that do not
// step on the ladder. The query's rung becomes the nearest, and the steps to it
// count as switches.
func (s *Sim) Command(key env.QueryKey, interval time.Duration) {
	interval = max(interval, time.Millisecond)
	if q := s.find(key); q != nil && interval != q.sent {
		q.step(q.cfg.Settings.Ladder.Nearest(interval))
		q.tracker.Release()
		q.send(s, interval)
	}
}

// Now is the virtual time.
func (s *Sim) Now() env.Time { return s.now }

// Queries is the number of queries; they are numbered as in the Driver.
func (s *Sim) Queries() int { return len(s.queries) }

// CopyFrom makes s an exact copy of from, which may be the zero Sim: whatever
// is done to both then has the same effects. What was drawn is shared, the
// estimators and forecasters are copied. Copying again from a Sim of the same
// origin allocates nothing.
func (s *Sim) CopyFrom(from *Sim) {
	if s == from {
		return
	}
	queries := s.queries
	*s = *from
	if cap(queries) < len(from.queries) {
		queries = append(queries[:cap(queries)], make([]query, len(from.queries)-cap(queries))...)
	}
	s.queries = queries[:len(from.queries)]
	for i := range s.queries {
		s.queries[i].copyFrom(&from.queries[i])
	}
}
