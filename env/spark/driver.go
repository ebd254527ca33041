package spark

import (
	"math"
	"slices"
	"strings"

	"rubato/env"
)

// driver is a Spark driver that queries share.
type driver struct {
	App string
	// Running counts its runs inside a batch; Busy is the smoothed share of
	// time with any, as of At.
	Running int
	Busy    float64
	At      env.Time
}

// busySpan is the time constant of a driver's load, s.
const busySpan = 30

func (d *driver) advance(now env.Time) {
	busy := 0.0
	if d.Running > 0 {
		busy = 1
	}
	if dt := now.Sub(d.At); dt > 0 {
		d.Busy += -math.Expm1(-dt/busySpan) * (busy - d.Busy)
		d.At = now
	}
}

func (e *Environment) driver(app string) (int, bool) {
	return slices.BinarySearchFunc(e.s.Drivers, app, func(d driver, app string) int { return strings.Compare(d.App, app) })
}

// drive tells the driver that a run's phase may have changed.
func (e *Environment) drive(r *run, was bool) {
	is := r.tracker.InBatch()
	if r.Info == nil || is == was {
		return
	}
	if is {
		e.apps[r.Info.AppID].begin(r)
		e.count(r.Info.AppID, 1)
	} else {
		e.apps[r.Info.AppID].end(r)
		e.count(r.Info.AppID, -1)
	}
}

// enter and leave count a run, and its batch, in and out of its driver's.
func (e *Environment) enter(r *run) {
	e.attend(r)
	if r.tracker.InBatch() {
		e.count(r.Info.AppID, 1)
	}
}

func (e *Environment) leave(r *run) {
	if r.Info == nil {
		return
	}
	a := e.apps[r.Info.AppID]
	a.end(r)
	if a.runs--; a.runs == 0 {
		delete(e.apps, r.Info.AppID)
	}
	if r.tracker.InBatch() {
		e.count(r.Info.AppID, -1)
	}
}

// attend counts a run in among those of its driver.
func (e *Environment) attend(r *run) {
	a := e.apps[r.Info.AppID]
	if a == nil {
		a = &app{}
		e.apps[r.Info.AppID] = a
	}
	a.runs++
	if r.tracker.InBatch() {
		a.begin(r)
	}
}

// app is a driver's runs. It follows from the queries and is not saved.
type app struct {
	runs   int
	inside []*run // in a batch, in any order
}

func (a *app) begin(r *run) { a.inside = append(a.inside, r) }

func (a *app) end(r *run) {
	if i := slices.Index(a.inside, r); i >= 0 {
		a.inside = slices.Delete(a.inside, i, i+1)
	}
}

func (e *Environment) count(app string, by int) {
	i, ok := e.driver(app)
	if !ok {
		e.s.Drivers = slices.Insert(e.s.Drivers, i, driver{App: app, At: e.s.Now})
	}
	e.s.Drivers[i].advance(e.s.Now)
	e.s.Drivers[i].Running += by
}

// load is what other queries ask of the run's driver: r itself is not in a
// batch when it ticks.
func (e *Environment) load(r *run) (running, busy, queries, left float64) {
	a := e.apps[r.Info.AppID]
	var rest env.Time // whole nanoseconds: their order does not matter
	for _, x := range a.inside {
		rest += env.Time(0).Add(x.tracker.Left(e.s.Now))
	}
	queries, left = float64(a.runs-1), rest.Sub(0)
	i, ok := e.driver(r.Info.AppID)
	if !ok {
		return 0, 0, queries, left
	}
	d := &e.s.Drivers[i]
	d.advance(e.s.Now)
	return float64(d.Running), d.Busy, queries, left
}
