package spark

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"rubato/env"
)

// runJSON is a run as it is saved.
type runJSON struct {
	State   *runState
	Tracker *env.Tracker
}

// queryJSON is a query as it is saved. Former is what its last run learnt, or
// null.
type queryJSON struct {
	Key     env.QueryKey
	Runs    []runJSON
	Ended   []env.RunID
	Former  *env.Tracker
	LeftAt  env.Time
	Err     string
	Rivalry rivalry `json:",omitzero"`
}

// AppendJSON appends all that the environment knows but what the forecasters
// remember, canonically: the same state, the same bytes. The options are not
// part of it. It encodes query by query, and so needs little more than what it
// appends.
func (e *Environment) AppendJSON(b []byte) ([]byte, error) {
	h := e.s
	h.Due = e.s.Due[e.head:]
	head, err := json.Marshal(&h)
	if err != nil {
		return nil, fmt.Errorf("save the environment: %w", err)
	}
	b = append(append(append(b, `{"Header":`...), head...), `,"Queries":[`...)
	for i, k := range e.keys {
		q := e.queries[k]
		j := queryJSON{Key: k, Ended: q.ended, LeftAt: q.leftAt, Err: q.err, Former: q.former, Rivalry: q.rivalry}
		for _, r := range q.runs {
			j.Runs = append(j.Runs, runJSON{State: &r.runState, Tracker: r.tracker})
		}
		one, err := json.Marshal(&j)
		if err != nil {
			return nil, fmt.Errorf("save query %s: %w", k, err)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, one...)
	}
	return append(b, "]}"...), nil
}

// AppendForecasts appends what the forecasters remember, each with its length
// (four bytes, little-endian), in the order of the trackers in AppendJSON.
func (e *Environment) AppendForecasts(b []byte) ([]byte, error) {
	err := e.trackers(func(t *env.Tracker) (err error) {
		at := len(b)
		if b, err = t.AppendForecast(append(b, 0, 0, 0, 0)); err == nil {
			binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save the environment: %w", err)
	}
	return b, nil
}

// trackers calls f for every tracker, in the order of the keys: the former
// run's, and those of the runs there are.
func (e *Environment) trackers(f func(*env.Tracker) error) error {
	for _, k := range e.keys {
		q := e.queries[k]
		if q.former != nil {
			if err := f(q.former); err != nil {
				return err
			}
		}
		for _, r := range q.runs {
			if err := f(r.tracker); err != nil {
				return err
			}
		}
	}
	return nil
}

// Restore reads what AppendJSON and AppendForecasts wrote into an environment
// made with the same options, which then continues bit for bit.
func (e *Environment) Restore(state, forecasts []byte) error {
	fresh, err := e.read(state)
	if err == nil {
		err = fresh.readForecasts(forecasts)
	}
	if err != nil {
		return fmt.Errorf("read the environment: %w", err)
	}
	*e = *fresh
	return nil
}

// savedQuery is a queryJSON while it is read: a tracker has to be made first.
type savedQuery struct {
	Key  env.QueryKey
	Runs []struct {
		State   *runState
		Tracker json.RawMessage
	}
	Ended   []env.RunID
	Former  json.RawMessage
	LeftAt  env.Time
	Err     string
	Rivalry rivalry `json:",omitzero"`
}

// read makes the environment that a state describes.
func (e *Environment) read(state []byte) (*Environment, error) {
	var w struct {
		Header  *header
		Queries []savedQuery
	}
	if err := json.Unmarshal(state, &w); err != nil {
		return nil, err
	}
	if w.Header == nil {
		return nil, fmt.Errorf("no header")
	}
	fresh := New(e.opts)
	fresh.s = *w.Header
	for i := range w.Queries {
		if err := fresh.readQuery(&w.Queries[i]); err != nil {
			return nil, err
		}
	}
	if !slices.IsSorted(fresh.keys) || len(fresh.queries) != len(fresh.keys) {
		return nil, fmt.Errorf("queries are not in order")
	}
	return fresh, nil
}

func (e *Environment) readQuery(j *savedQuery) (err error) {
	q := &query{key: j.Key, ended: j.Ended, leftAt: j.LeftAt, err: j.Err, rivalry: j.Rivalry}
	if present(j.Former) {
		if q.former, err = e.readTracker(j.Former); err != nil {
			return fmt.Errorf("what %s learnt: %w", j.Key, err)
		}
	}
	for _, r := range j.Runs {
		t, err := e.readTracker(r.Tracker)
		if err != nil {
			return fmt.Errorf("a run of %s: %w", j.Key, err)
		}
		if r.State == nil {
			return fmt.Errorf("a run of %s has no state", j.Key)
		}
		run := &run{key: q.key, rivalry: &q.rivalry, runState: *r.State, tracker: t}
		q.runs = append(q.runs, run)
		if run.Info != nil {
			e.attend(run)
		}
	}
	e.queries[j.Key] = q
	e.keys = append(e.keys, j.Key)
	return nil
}

func (e *Environment) readForecasts(b []byte) error {
	err := e.trackers(func(t *env.Tracker) error {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.LittleEndian.Uint32(b)) {
			return fmt.Errorf("the forecasts end too early")
		}
		n := 4 + int(binary.LittleEndian.Uint32(b))
		one := b[4:n]
		b = b[n:]
		return t.ReadForecast(one)
	})
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("%d bytes of forecasts too many", len(b))
	}
	return err
}

func (e *Environment) readTracker(b []byte) (*env.Tracker, error) {
	t := e.newTracker("", "", 0)
	if err := json.Unmarshal(b, t); err != nil {
		return nil, err
	}
	return t, nil
}

func (e *Environment) newTracker(q env.QueryKey, id env.RunID, at env.Time) *env.Tracker {
	var f env.Forecaster
	if e.opts.Forecaster != nil {
		f = e.opts.Forecaster()
	}
	return env.NewTracker(q, id, f, at)
}
