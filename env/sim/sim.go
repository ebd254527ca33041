package sim

import (
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
)

// Config describes a simulated query.
type Config struct {
	Query env.QueryKey
	Run   env.RunID
	// Seed draws the arrivals and the noise of the batches.
	Seed uint64
	// Duration is the virtual time after which there are no more ticks.
	Duration time.Duration
	// Load makes the arrival process: once for the run, once for its past.
	Load func() Load
	// Past is how long the load is drawn, apart, for the reference rate; zero
	// means a day.
	Past time.Duration
	// Settings are the user's; Configured is the job's own interval.
	Settings   env.Settings
	Configured time.Duration
	// A batch lasts Overhead + PerRow x events, times log-normal noise with
	// this standard deviation of the logarithm. PerRow is s per event.
	Overhead time.Duration
	PerRow   float64
	Noise    float64
	// Cap is maxOffsetsPerTrigger, Floor minOffsetsPerTrigger, events; 0 for
	// none.
	Cap, Floor float64
	// RoundTrip is the time from a tick to its command's effect.
	RoundTrip time.Duration
	// Blind hides the end offsets.
	Blind bool
	// Forecaster makes the forecaster; nil for none.
	Forecaster func() env.Forecaster
	// OnArrival and OnTrigger, where set, are told all that truly happens, in
	// time order.
	OnArrival func(at env.Time, events float64)
	OnTrigger func(Trigger)
}

// Trigger is one trigger as it truly was.
type Trigger struct {
	Start, End env.Time
	Outcome    env.Outcome
	// Rows is what it took; Committed the total committed by its end.
	Rows, Committed float64
}

// What is wrong with a Config.
var (
	ErrNoLoad   = errors.New("simulated query without a load")
	ErrNoLadder = errors.New("simulated query without a ladder")
	ErrTimes    = errors.New("simulated query: duration, configured interval and overhead have to be positive")
)

// emptyTime is how long a trigger takes that runs no batch, s.
const emptyTime = 0.01

// command is an interval on its way.
type command struct {
	at       env.Time
	interval time.Duration
}

// Sim is one query in virtual time; it implements env.Environment. It is not
// safe for concurrent use.
type Sim struct {
	cfg      Config
	tracker  *env.Tracker
	arrivals *arrivals
	noise    *rand.Rand

	now, end env.Time
	grid     env.Time // next decision period
	period   env.Time
	begun    bool
	trigger  Trigger // in course, or the last
	inBatch  bool
	interval time.Duration // in effect
	sent     time.Duration // last commanded
	commands []command
	score    Score
}

var _ env.Environment = (*Sim)(nil)

// New returns a simulated query at time 0.
func New(cfg Config) (*Sim, error) {
	switch {
	case cfg.Load == nil:
		return nil, ErrNoLoad
	case cfg.Settings.Ladder.Len() == 0:
		return nil, ErrNoLadder
	case cfg.Duration <= 0 || cfg.Configured <= 0 || cfg.Overhead <= 0:
		return nil, ErrTimes
	}
	if cfg.Settings.Period <= 0 {
		cfg.Settings.Period = env.DefaultPeriod
	}
	if cfg.Past <= 0 {
		cfg.Past = 24 * time.Hour
	}
	var f env.Forecaster
	if cfg.Forecaster != nil {
		f = cfg.Forecaster()
	}
	s := &Sim{
		cfg: cfg, end: env.Time(cfg.Duration), period: env.Time(cfg.Settings.Period),
		arrivals: newArrivals(cfg.Load(), rand.New(rand.NewPCG(cfg.Seed, 1)), cfg.OnArrival),
		noise:    rand.New(rand.NewPCG(cfg.Seed, 2)),
		interval: cfg.Configured, sent: cfg.Configured,
		tracker: env.NewTracker(cfg.Query, cfg.Run, f, 0),
	}
	s.grid = s.period
	s.score.Reference = past(cfg)
	s.tracker.Configure(cfg.Settings, cfg.Configured)
	s.tracker.Past(s.score.Reference, cfg.Past)
	s.tracker.SetCaps(cfg.Cap, cfg.Floor)
	if !cfg.Blind {
		s.tracker.Arrived(0, 0, true)
	}
	return s, nil
}

// past is the mean rate of another draw of the load.
func past(cfg Config) float64 {
	load, rng := cfg.Load(), rand.New(rand.NewPCG(cfg.Seed, 3))
	n := max(int(cfg.Past/time.Second), 1)
	sum := 0.0
	for range n {
		sum += load.Next(rng)
	}
	return sum / float64(n)
}

// Next implements env.Environment.
func (s *Sim) Next() (env.Tick, bool) {
	for {
		tick, at := s.upcoming()
		if at > s.end {
			s.advance(s.end)
			return env.Tick{}, false
		}
		s.advance(at)
		switch {
		case len(s.commands) > 0 && s.commands[0].at <= at:
			s.interval = s.commands[0].interval
			s.tracker.Applied(s.interval)
			s.commands = append(s.commands[:0], s.commands[1:]...)
			continue
		case s.inBatch && at == s.trigger.End:
			s.finish()
		case !s.inBatch && at == s.deadline():
			s.start()
			continue
		}
		if at == s.grid {
			s.grid += s.period
			if !s.cfg.Blind {
				s.tracker.Arrived(at, s.arrivals.arrived, true)
			}
		}
		if tick {
			return s.tracker.Tick(at, 0), true
		}
	}
}

// upcoming is when something happens next, and whether it is a tick: the end
// of a trigger, or a decision period gone by inside a wait.
func (s *Sim) upcoming() (tick bool, at env.Time) {
	at, tick = s.grid, !s.inBatch
	if s.inBatch && s.trigger.End <= at {
		at, tick = s.trigger.End, true
	}
	if !s.inBatch && s.deadline() <= at {
		at, tick = s.deadline(), false
	}
	if len(s.commands) > 0 && s.commands[0].at <= at {
		at, tick = s.commands[0].at, false
	}
	return tick, at
}

// deadline is when the next trigger starts, as the interval is now.
func (s *Sim) deadline() env.Time {
	if !s.begun {
		return s.now
	}
	return max(s.trigger.Start+env.Time(s.interval), s.now)
}

// advance moves the clock to t.
func (s *Sim) advance(t env.Time) {
	for _, c := range s.arrivals.pending(t) {
		s.debt(c.at)
		s.arrivals.advance(c.at)
	}
	s.debt(t)
	s.arrivals.advance(t)
	s.now = t
}

// start begins a trigger now.
func (s *Sim) start() {
	s.begun, s.inBatch = true, true
	n := s.arrivals.outstanding()
	lasts := emptyTime
	s.trigger = Trigger{Start: s.now, Outcome: env.Batch, Rows: n}
	switch {
	case n == 0:
		s.trigger.Outcome = env.Empty
	case n < s.cfg.Floor:
		s.trigger.Outcome, s.trigger.Rows = env.Held, 0
	default:
		if s.cfg.Cap > 0 {
			s.trigger.Rows = min(n, s.cfg.Cap)
		}
		lasts = s.cfg.Overhead.Seconds() + s.cfg.PerRow*s.trigger.Rows
		lasts *= math.Exp(s.cfg.Noise*s.noise.NormFloat64() - s.cfg.Noise*s.cfg.Noise/2)
	}
	s.trigger.End = s.now.Add(max(lasts, 0.001))
	s.tracker.TriggerStart(s.now, s.interval)
}

// finish ends the trigger in course now.
func (s *Sim) finish() {
	s.inBatch = false
	s.score.triggered(s.trigger.Outcome)
	if s.trigger.Outcome == env.Batch {
		s.arrivals.take(s.trigger.Rows, func(at env.Time, n float64) {
			s.score.served(s.now.Sub(at), n, s.cfg.Settings.Target.Seconds())
		})
	}
	s.trigger.Committed = s.arrivals.committed
	if s.cfg.OnTrigger != nil {
		s.cfg.OnTrigger(s.trigger)
	}
	s.tracker.TriggerEnd(s.now, s.trigger.Outcome, s.now, s.trigger.Committed, s.trigger.Rows, false)
}

// Act implements env.Environment.
func (s *Sim) Act(_ env.QueryKey, rung int) {
	before := s.tracker.Rung()
	s.tracker.SetRung(rung)
	s.score.Switch += math.Abs(float64(s.tracker.Rung() - before))
	if i := s.cfg.Settings.Ladder.Interval(s.tracker.Rung()); i != s.sent {
		s.sent = i
		s.commands = append(s.commands, command{s.now + env.Time(s.cfg.RoundTrip), i})
	}
}
