package agent

import (
	"context"
	"errors"
	"fmt"

	"rubato/agent/threshold"
	"rubato/env"
	"rubato/policy"
)

const (
	// searchEvery is how long after a search of a query's threshold the next may
	// begin, s, and searchDelay when it takes effect after it began. A group
	// has one search under way at a time.
	searchEvery = 120
	searchDelay = 5
	// searchLate begins the name by which Loop.Late is asked of a search.
	searchLate = "threshold of "
)

// tuned is what is known of a query's threshold.
type tuned struct {
	shift  float64
	record threshold.Record
	next   env.Time // when it may be searched for again
}

// search is one search of a query's threshold: what it starts from, and, once
// done is closed, what came out.
type search struct {
	query  env.QueryKey
	due    env.Time
	model  threshold.Model
	counts []float32
	from   float64
	net    *policy.Network

	done chan struct{}
	to   float64
	err  error
}

// searcher searches the thresholds of a group's queries, one at a time, on a
// goroutine of its own.
type searcher struct {
	search *search
	stop   context.CancelFunc // of the search
	status SearchStatus
	// left are the learnt shifts of queries that are in another group now.
	left map[env.QueryKey]float64
}

// SearchStatus tells how the search for thresholds goes, over restarts.
type SearchStatus struct {
	// Searches were made, Moves of them moved a threshold, Late took effect
	// after being put off, Failed did not.
	Searches uint64 `json:"searches"`
	Moves    uint64 `json:"moves"`
	Late     uint64 `json:"late"`
	Failed   uint64 `json:"failed"`
	// Err is why the last search that failed in this process did.
	Err error `json:"-"`
}

// take lets the search that is due at the tick take effect.
func (u *searcher) take(l *Loop, group string, t *env.Tick) {
	s := u.search
	if s == nil || t.At < s.due {
		return
	}
	if l.Late != nil && l.Late(searchLate+group, closed(s.done)) {
		s.due = t.At.Add(searchDelay)
		u.status.Late++
		return
	}
	<-s.done
	u.search = nil
	u.status.Searches++
	q := l.queries[s.query]
	switch {
	case s.err != nil:
		u.status.Failed++
		u.status.Err = s.err
	case q != nil && l.groups[q.group].cfg.Name == group && q.tuned.shift == s.from && s.to != s.from:
		q.tuned.shift = s.to
		u.status.Moves++
	}
}

// see takes a tick of q into its record.
func (u *searcher) see(q *query, t *env.Tick) {
	if t.First {
		q.tuned.record.Restart(t.At, t.Arrived)
		return
	}
	q.tuned.record.Add(t.At, t.Arrived)
}

// begin begins a search for q where none is under way and it is q's turn. What
// shares a driver is left alone: the model knows one query.
func (u *searcher) begin(l *Loop, net *policy.Network, q *query, t *env.Tick) {
	o := &t.Observation
	if u.search != nil || t.At < q.tuned.next || q.tuned.record.Seconds() < threshold.Least ||
		o.DriverQueries > 0 || !t.Teaches || l.Settings == nil {
		return
	}
	set, ok := l.Settings(t.Query)
	if !ok {
		return
	}
	q.tuned.next = t.At.Add(max(searchEvery, float64(len(l.queries))*searchDelay))
	u.launch(&search{
		query: t.Query, due: t.At.Add(searchDelay), model: threshold.Fitted(set, o),
		counts: q.tuned.record.Counts(), from: q.tuned.shift, net: net.Clone(),
	})
}

func (u *searcher) launch(s *search) {
	ctx, stop := context.WithCancel(context.Background())
	s.done = make(chan struct{})
	u.search, u.stop = s, stop
	go func() {
		defer close(s.done)
		s.to, s.err = threshold.Improve(ctx, s.net, &s.model, s.counts, s.from)
	}()
}

// close ends the search under way.
func (u *searcher) close() {
	if u.search != nil {
		u.stop()
		<-u.search.done
	}
}

// searcherState is a searcher as it is saved.
type searcherState struct {
	Status SearchStatus `json:"status"`
	Search *searchState `json:"search"`

	Left map[env.QueryKey]float64 `json:"left,omitempty"`
}

type searchState struct {
	Query   env.QueryKey    `json:"query"`
	Due     env.Time        `json:"due"`
	Model   threshold.Model `json:"model"`
	Counts  []byte          `json:"counts"`
	From    float64         `json:"from"`
	Network []byte          `json:"network"`
}

func (u *searcher) state() (searcherState, error) {
	st := searcherState{Status: u.status, Left: u.left}
	s := u.search
	if s == nil {
		return st, nil
	}
	network, err := s.net.MarshalBinary()
	if err != nil {
		return st, fmt.Errorf("save the network of a search: %w", err)
	}
	st.Search = &searchState{
		Query: s.query, Due: s.due, Model: s.model, From: s.from,
		Counts: threshold.AppendCounts(nil, s.counts), Network: network,
	}
	return st, nil
}

// restore reads a searcher's state; the search in it is not launched yet.
func (st *searcherState) restore() (u searcher, err error) {
	u.status, u.left = st.Status, st.Left
	if u.left == nil {
		u.left = make(map[env.QueryKey]float64)
	}
	x := st.Search
	if x == nil {
		return u, nil
	}
	s := &search{query: x.Query, due: x.Due, model: x.Model, from: x.From}
	if s.counts, err = threshold.ReadCounts(x.Counts); err == nil {
		s.net, err = policy.DecodeNetwork(x.Network)
	}
	if err != nil {
		return u, fmt.Errorf("the search under way: %w", errors.Join(ErrState, err))
	}
	u.search = s
	return u, nil
}
