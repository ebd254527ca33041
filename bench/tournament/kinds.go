package tournament

import (
	"time"

	"rubato/env/sim"
)

// Group is a set of kinds and weightings that a goal stands for.
type Group string

// The groups. Target holds the sighted kinds under a weighting with a latency
// target.
const (
	Sighted  Group = "sighted"
	Blind    Group = "blind"
	Target   Group = "target"
	Shared   Group = "shared"
	OffModel Group = "offModel"
)

// Groups lists the groups in the order of the report.
func Groups() []Group { return []Group{Sighted, Blind, Target, Shared, OffModel} }

// Kind is a kind of query: how its batches behave, and how fast its events come.
type Kind struct {
	Name  string
	Group Group
	// About says in a few words what is particular.
	About string
	// Rate is the mean arrival rate of each query, events/s; Queries how many
	// share a driver, 1 for a query alone.
	Rate    float64
	Queries int
	// Overhead and Utilisation make the batch: the time per event is
	// Utilisation / Rate.
	Overhead    time.Duration
	Utilisation float64
	// Varies is set where a batch of the same events does not always last the
	// same.
	Varies bool
	// shape, where set, adds what is particular.
	shape func(c *sim.Config)
}

// Kinds lists every kind of query. Adding one is one entry here.
func Kinds() []Kind {
	return []Kind{
		{Name: "light", Group: Sighted, About: "0.25 s + 2 % busy", Rate: 100, Queries: 1,
			Overhead: 250 * time.Millisecond, Utilisation: 0.02},
		{Name: "overhead", Group: Sighted, About: "2.5 s a batch", Rate: 100, Queries: 1,
			Overhead: 2500 * time.Millisecond, Utilisation: 0.02},
		{Name: "overload", Group: Sighted, About: "0.5 s + 35 % busy; bursts overload it", Rate: 1000, Queries: 1,
			Overhead: 500 * time.Millisecond, Utilisation: 0.35},
		{Name: "tiny", Group: Sighted, About: "one event in two seconds", Rate: 0.5, Queries: 1,
			Overhead: 60 * time.Millisecond, Utilisation: 0.001},
		{Name: "stateful", Group: OffModel, About: "every 10th batch writes a snapshot of 3 s", Rate: 200, Queries: 1,
			Overhead: 400 * time.Millisecond, Utilisation: 0.1, Varies: true,
			shape: func(c *sim.Config) { c.Snapshot = sim.Snapshot{Every: 10, Seconds: 3} }},
		{Name: "files", Group: OffModel, About: "small files cost more; full at 20 s of data", Rate: 100, Queries: 1,
			Overhead: 300 * time.Millisecond, Utilisation: 0.05,
			shape: func(c *sim.Config) { c.Settings.FullBatch = 2000 }},
		{Name: "growth", Group: OffModel, About: "overhead doubles in 20 minutes", Rate: 200, Queries: 1,
			Overhead: 500 * time.Millisecond, Utilisation: 0.1, Varies: true,
			shape: func(c *sim.Config) { c.Growth = 3 }},
		{Name: "blind", Group: Blind, About: "light, without end offsets", Rate: 100, Queries: 1,
			Overhead: 250 * time.Millisecond, Utilisation: 0.02, shape: func(c *sim.Config) { c.Blind = true }},
		{Name: "blind-busy", Group: Blind, About: "1 s + 20 % busy, without end offsets", Rate: 1000, Queries: 1,
			Overhead: time.Second, Utilisation: 0.2, shape: func(c *sim.Config) { c.Blind = true }},
		{Name: "shared-2", Group: Shared, About: "2 queries, one core", Rate: 100, Queries: 2,
			Overhead: 600 * time.Millisecond, Utilisation: 0.1},
		{Name: "shared-4", Group: Shared, About: "4 queries, one core", Rate: 100, Queries: 4,
			Overhead: 400 * time.Millisecond, Utilisation: 0.05},
		{Name: "shared-8", Group: Shared, About: "8 queries, two cores", Rate: 100, Queries: 8,
			Overhead: 400 * time.Millisecond, Utilisation: 0.05},
	}
}
