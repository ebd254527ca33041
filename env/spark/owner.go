package spark

import (
	"slices"
	"time"

	"rubato/env"
)

// Pace sets how long a command holds, and the brokers that are asked about
// sources of which neither the resolver nor the job names any.
func (e *Environment) Pace(lease time.Duration, brokers []string) {
	if lease > 0 {
		e.opts.Lease = lease
	}
	e.opts.Brokers = slices.Clone(brokers)
}

// Queries are the keys that are known, sorted.
func (e *Environment) Queries() []env.QueryKey { return slices.Clone(e.keys) }

// Known tells whether a query of that key is known.
func (e *Environment) Known(q env.QueryKey) bool { return e.queries[q] != nil }
