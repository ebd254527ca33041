package spark

import (
	"encoding/json"
	"fmt"
	"slices"

	"rubato/env"
)

type (
	environmentJSON struct {
		Header  *header
		Queries []queryJSON
	}
	queryJSON struct {
		Key    env.QueryKey
		Runs   []runJSON
		Ended  []env.RunID
		Former json.RawMessage // of a tracker, or null
		LeftAt env.Time
		Err    string
	}
	runJSON struct {
		State   *runState
		Tracker json.RawMessage
	}
)

// MarshalJSON writes all that the environment knows, canonically: the same
// state, the same bytes. Only the options are not part of it.
func (e *Environment) MarshalJSON() ([]byte, error) {
	h := e.s
	h.Due = e.s.Due[e.head:]
	w := environmentJSON{Header: &h, Queries: []queryJSON{}}
	for _, k := range e.keys {
		q := e.queries[k]
		j := queryJSON{Key: k, Ended: q.ended, LeftAt: q.leftAt, Err: q.err}
		if q.former != nil {
			b, err := json.Marshal(q.former)
			if err != nil {
				return nil, fmt.Errorf("save what %s learnt: %w", k, err)
			}
			j.Former = b
		}
		for _, r := range q.runs {
			b, err := json.Marshal(r.tracker)
			if err != nil {
				return nil, fmt.Errorf("save run %s of %s: %w", r.ID, k, err)
			}
			j.Runs = append(j.Runs, runJSON{State: &r.runState, Tracker: b})
		}
		w.Queries = append(w.Queries, j)
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote into an environment made with the
// same options, which then continues bit for bit.
func (e *Environment) UnmarshalJSON(b []byte) error {
	var w environmentJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("read the environment: %w", err)
	}
	if w.Header == nil {
		return fmt.Errorf("read the environment: no header")
	}
	fresh := New(e.opts)
	fresh.s = *w.Header
	for _, j := range w.Queries {
		q := &query{key: j.Key, ended: j.Ended, leftAt: j.LeftAt, err: j.Err}
		if present(j.Former) {
			t, err := e.readTracker(j.Former)
			if err != nil {
				return fmt.Errorf("read what %s learnt: %w", j.Key, err)
			}
			q.former = t
		}
		for _, r := range j.Runs {
			t, err := e.readTracker(r.Tracker)
			if err != nil || r.State == nil {
				return fmt.Errorf("read a run of %s: state %v: %w", j.Key, r.State != nil, err)
			}
			run := &run{runState: *r.State, tracker: t}
			q.runs = append(q.runs, run)
			if run.Info != nil {
				fresh.attend(run)
			}
		}
		fresh.queries[j.Key] = q
		fresh.keys = append(fresh.keys, j.Key)
	}
	if !slices.IsSorted(fresh.keys) || len(fresh.queries) != len(fresh.keys) {
		return fmt.Errorf("read the environment: queries are not in order")
	}
	*e = *fresh
	return nil
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
