package envtest

import (
	"math/rand/v2"
	"time"

	"rubato/env"
)

// EventKind says what an Event is.
type EventKind uint8

// The events of an Engine.
const (
	// Started: a trigger started.
	Started EventKind = iota
	// Ended: the trigger in course ended.
	Ended
	// Period: a decision period has gone by; it is a tick only outside of
	// triggers, and a sample of the end offsets in any case.
	Period
)

// Event is something of an Engine that an agent or a broker would tell.
type Event struct {
	Kind EventKind
	At   env.Time
	// Trigger is the one that started or ended, or the last; while it is in
	// course, only its Start is known.
	Trigger Trigger
	// Interval is the one in effect.
	Interval time.Duration
	// Arrived is the total of events by now.
	Arrived float64
	// Waiting tells that no trigger is in course.
	Waiting bool
}

// EngineConfig describes a query for an Engine.
type EngineConfig struct {
	Seed       uint64
	Duration   time.Duration
	Configured time.Duration
	// Period is the decision period.
	Period time.Duration
	// A batch lasts Overhead + PerRow x events, within a tenth.
	Overhead, PerRow time.Duration
	// Cap is maxOffsetsPerTrigger, Floor minOffsetsPerTrigger; 0 for none.
	Cap, Floor float64
	// Busy is the rate of events in busy stretches, events/s.
	Busy float64
}

// Engine is a micro-batch engine in virtual time, with a query whose load goes
// through idle, quiet and busy stretches. It tells what happens one Event at a
// time, keeps the Truth, and takes commands between any two events.
type Engine struct {
	// Truth grows as the engine goes on.
	Truth Truth

	cfg       EngineConfig
	load, run *rand.Rand
	now, end  env.Time
	period    env.Time // the next
	nextAt    env.Time // of the next arrival
	rate      float64
	until     env.Time // the stretch's end
	arrived   float64
	committed float64
	trigger   Trigger
	inside    bool
	begun     bool
	interval  time.Duration
	command   time.Duration
	commandAt env.Time
}

// NewEngine returns an engine at time 0.
func NewEngine(cfg EngineConfig) *Engine {
	e := &Engine{
		cfg: cfg, end: env.Time(cfg.Duration), period: env.Time(cfg.Period), interval: cfg.Configured,
		load: rand.New(rand.NewPCG(cfg.Seed, 11)), run: rand.New(rand.NewPCG(cfg.Seed, 12)),
	}
	e.nextArrival()
	return e
}

// Command sets the interval from the given moment on, which must not lie in
// the past. A later command replaces one that is not in effect yet.
func (e *Engine) Command(at env.Time, interval time.Duration) {
	e.command, e.commandAt = interval, max(at, e.now)
}

// Next returns the next event; false at the end.
func (e *Engine) Next() (Event, bool) {
	for {
		at := e.period
		due := max(e.trigger.Start+env.Time(e.interval), e.now)
		if !e.begun {
			due = 0
		}
		if e.inside {
			due = e.trigger.End
		}
		at = min(at, due)
		if e.command > 0 && e.commandAt <= at {
			e.move(e.commandAt)
			e.interval, e.command = e.command, 0
			continue
		}
		if at > e.end {
			return Event{}, false
		}
		e.move(at)
		kind := Period
		switch {
		case at < due:
			e.period += env.Time(e.cfg.Period)
		case e.inside:
			kind = Ended
			e.finish()
		default:
			kind = Started
			e.start()
		}
		told := e.trigger
		if e.inside {
			told = Trigger{Start: told.Start, Committed: e.committed}
		}
		return Event{kind, at, told, e.interval, e.arrived, !e.inside}, true
	}
}

// move lets arrive what does by t.
func (e *Engine) move(t env.Time) {
	for e.nextAt <= t {
		e.Truth.Arrivals = append(e.Truth.Arrivals, Arrival{e.nextAt, 1})
		e.arrived++
		e.nextArrival()
	}
	e.now = t
}

func (e *Engine) nextArrival() {
	for {
		if e.rate > 0 {
			at := e.nextAt + max(env.Time(0).Add(e.load.ExpFloat64()/e.rate), 1)
			if at <= e.until {
				e.nextAt = at
				return
			}
		}
		e.nextAt = e.until
		e.until = e.until.Add(3 + 12*e.load.Float64())
		e.rate = e.cfg.Busy * []float64{0, 0.1, 0.1, 1}[e.load.IntN(4)]
	}
}

func (e *Engine) start() {
	e.begun, e.inside = true, true
	n := e.arrived - e.committed
	e.trigger = Trigger{Start: e.now, Outcome: env.Batch, Rows: n}
	lasts := 8 * time.Millisecond
	switch {
	case n == 0:
		e.trigger.Outcome = env.Empty
	case n < e.cfg.Floor:
		e.trigger.Outcome, e.trigger.Rows = env.HeldBack, 0
	default:
		if e.cfg.Cap > 0 && n > e.cfg.Cap {
			e.trigger.Rows = e.cfg.Cap
		}
		lasts = e.cfg.Overhead + time.Duration(float64(e.cfg.PerRow)*e.trigger.Rows)
		lasts = time.Duration(float64(lasts) * (0.9 + 0.2*e.run.Float64()))
	}
	// The agent tells whole milliseconds of durations.
	e.trigger.End = e.now + env.Time(lasts.Round(time.Millisecond))
}

func (e *Engine) finish() {
	e.inside = false
	e.committed += e.trigger.Rows
	e.trigger.Committed = e.committed
	e.Truth.Triggers = append(e.Truth.Triggers, e.trigger)
}
