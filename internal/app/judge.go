package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rubato/agent/judge"
	"rubato/configs"
	"rubato/env"
	"rubato/replay"
)

// JudgeOptions say what is judged.
type JudgeOptions struct {
	// Config has the weights, bounds and targets of each query's group, Group the
	// name of the group whose queries are judged: by default the one that the last
	// contestant was frozen from, else all.
	Config *configs.Config
	Group  string
	// Journal is the file whose arrivals are played.
	Journal string
	// Contestants play; the last is compared with the one before it.
	Contestants []judge.Contestant
	// Progress, which may be nil, is told how many plays of all are done.
	Progress func(done, total int)
}

// ErrNoGroup says that what is asked for is no group.
var ErrNoGroup = errors.New("no group")

// ErrSeen says that a journal has nothing that a frozen policy had not seen.
var ErrSeen = errors.New("nothing was recorded since the policy was frozen: let the tuner run on, in any mode")

// Judge plays the contestants on what a journal recorded of each query. Where a
// policy among them was frozen from a store, on what was recorded after that.
func Judge(ctx context.Context, o JudgeOptions) (_ []judge.Judgement, err error) {
	inGroup, err := o.inGroup()
	if err != nil {
		return nil, err
	}
	journal, err := replay.Open(o.Journal, replay.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	var since uint64
	for _, c := range o.Contestants {
		if c.Policy != nil {
			since = max(since, frozenAt(c.Policy))
		}
	}
	if since > 0 && since >= journal.Last() {
		return nil, fmt.Errorf("journal %s ends at record %d, the policy knew it up to record %d: %w", o.Journal, journal.Last(), since, ErrSeen)
	}
	resolve := resolver(o.Config)
	queries, err := judge.Read(ctx, journal, since, func(q env.QueryKey, configured time.Duration) (env.Settings, bool) {
		r, ok := resolve(q, configured)
		return r.Settings, ok
	})
	if err != nil {
		return nil, err
	}
	queries = slices.DeleteFunc(queries, func(q judge.Query) bool { return !inGroup(q.Key) })
	return judge.Run(ctx, queries, o.Contestants, o.Progress)
}

// inGroup tells of a query whether it is judged.
func (o *JudgeOptions) inGroup() (func(env.QueryKey) bool, error) {
	names := make([]string, len(o.Config.Groups))
	for i, g := range o.Config.Groups {
		names[i] = g.Name
	}
	group := o.Group
	if a := o.Contestants[len(o.Contestants)-1].Policy; group == "" && a != nil && slices.Contains(names, a.Provenance["group"]) {
		group = a.Provenance["group"]
	}
	if group == "" {
		return func(env.QueryKey) bool { return true }, nil
	}
	wanted := slices.Index(names, group)
	if wanted < 0 {
		return nil, fmt.Errorf("%w %q in the configuration: it has %s", ErrNoGroup, group, strings.Join(names, ", "))
	}
	return func(q env.QueryKey) bool { return o.Config.Match(string(q)) == wanted }, nil
}
