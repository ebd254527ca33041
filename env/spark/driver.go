package spark

import (
	"slices"
	"strings"

	"rubato/env"
)

// driver is a Spark driver that queries share.
type driver struct {
	App string
	env.Driver
}

// driver is the application's, made anew where it is not known.
func (e *Environment) driver(app string) *env.Driver {
	i, ok := slices.BinarySearchFunc(e.s.Drivers, app, func(d driver, app string) int { return strings.Compare(d.App, app) })
	if !ok {
		e.s.Drivers = slices.Insert(e.s.Drivers, i, driver{App: app, Driver: env.Driver{At: e.s.Now}})
	}
	return &e.s.Drivers[i].Driver
}

// drive tells the driver that a run's phase may have changed.
func (e *Environment) drive(r *run, was bool) {
	is := r.tracker.InBatch()
	if r.Info == nil || is == was {
		return
	}
	if d := e.driver(r.Info.AppID); is {
		d.Begin(r.tracker, e.s.Now)
	} else {
		d.End(r.tracker, e.s.Now)
	}
}

// enter and leave count a run, and its batch, in and out of its driver's.
func (e *Environment) enter(r *run) {
	e.attend(r)
	if r.tracker.InBatch() {
		e.driver(r.Info.AppID).Begin(r.tracker, e.s.Now)
	}
}

func (e *Environment) leave(r *run) {
	if r.Info == nil {
		return
	}
	app := r.Info.AppID
	runs := slices.DeleteFunc(e.apps[app], func(x *run) bool { return x == r })
	if e.apps[app] = runs; len(runs) == 0 {
		delete(e.apps, app)
	}
	if r.tracker.InBatch() {
		e.driver(app).End(r.tracker, e.s.Now)
	}
}

// attend counts a run in among those of its driver.
func (e *Environment) attend(r *run) {
	e.apps[r.Info.AppID] = append(e.apps[r.Info.AppID], r)
}

// neighbours is what the driver's other queries mean to the run, which is not in a
// batch when it ticks.
func (e *Environment) neighbours(r *run) env.Neighbours {
	runs := e.apps[r.Info.AppID]
	l := e.driver(r.Info.AppID).Neighbours(e.s.Now)
	if l.Queries = float64(len(runs) - 1); l.Queries == 0 {
		return l
	}
	own := r.tracker.Pressure(e.s.Now)
	var left env.Time // whole nanoseconds: their order does not matter
	for _, x := range runs {
		if x == r {
			continue
		}
		left += env.Time(0).Add(x.tracker.Left(e.s.Now))
		if x.pressure(e.s.Now) > own {
			l.Before++
		}
	}
	l.Left = left.Sub(0)
	return l
}

// wakeNext makes a tick of the query that has waited longest, of all that are
// commanded on the driver of r, whose trigger has ended: what it waited for may be
// over.
func (e *Environment) wakeNext(r *run) {
	if r.Info == nil {
		return
	}
	var next *run
	most := 0.0
	for _, x := range e.apps[r.Info.AppID] {
		if x == r {
			continue
		}
		if p := x.pressure(e.s.Now); p > most || p == most && next != nil && x.key < next.key {
			next, most = x, p
		}
	}
	if next != nil {
		next.WokenAt = e.s.Now
		e.s.Due = append(e.s.Due, due{Query: next.key, Run: next.ID})
	}
}

// justWoken tells whether the run was woken less than half a period ago: it may
// have been told to trigger, and the agent has not said yet that it did. Woken
// again now it would go down a second rung, too far down to wait after the batch.
func (r *run) justWoken(now env.Time) bool {
	set, ok := r.tracker.Settings()
	return ok && now.Sub(r.WokenAt) < set.Period.Seconds()/2
}

// pressure is that of a run that is commanded, 0 of others.
func (r *run) pressure(now env.Time) float64 {
	if !r.Lease.Wanted {
		return 0
	}
	return r.tracker.Pressure(now)
}
