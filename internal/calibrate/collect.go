package calibrate

import (
	"cmp"
	"math"
	"slices"

	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
)

// Collector puts the messages of a log together to runs.
type Collector struct {
	runs    map[env.RunID]*collected
	order   []*collected
	samples []sample
}

// sample is the topics' ends at a moment of the samplers' wall clock, s.
type sample struct {
	at   float64
	ends map[string]int64
}

// collected is a run as it is being put together.
type collected struct {
	Run
	seq         uint64
	wallLessRun float64 // wall clock less the run's monotonic clock, s
	shift       float64 // what the samplers' wall clock is ahead, s
	shifted     bool
	turn, last  turn
	pending     *spark.Progress
	committed   map[spark.PartitionOffset]int64 // offset 0 in the key
	topics      map[string]bool
	reached     []float64 // of each batch: the total committed before, after
}

// turn is one turn of the trigger loop; start is NaN where it was not told.
type turn struct {
	number                        uint64
	start, startMs, end, interval float64
	managed                       bool
}

// untold is a turn that no other follows: numbers begin at 1.
var untold = turn{number: math.MaxUint64 - 1, start: math.NaN()}

// NewCollector returns an empty Collector.
func NewCollector() *Collector { return &Collector{runs: map[env.RunID]*collected{}} }

// Message takes in one message of the metrics topic. The key is the query's,
// where the log has it; at the moment it was received, by the samplers' wall
// clock, s, 0 where unknown.
func (c *Collector) Message(key string, at float64, m *spark.Message) {
	r := c.runs[m.Run]
	if r == nil {
		r = &collected{
			Run:  Run{Query: env.QueryKey(key), ID: m.Run, App: string(m.Run)},
			turn: untold, last: untold, committed: map[spark.PartitionOffset]int64{}, topics: map[string]bool{},
			wallLessRun: float64(m.WallMs)/1e3 - float64(m.MonoNs)/1e9,
		}
		c.runs[m.Run], c.order = r, append(c.order, r)
	}
	if at > 0 {
		if way := at - float64(m.WallMs)/1e3; !r.shifted || way < r.shift {
			r.shift, r.shifted = way, true
		}
	}
	r.take(m)
}

// Offsets takes in a sample of end offsets.
func (c *Collector) Offsets(at float64, s *arrivals.Sample) {
	ends := make(map[string]int64, len(s.Topics))
	for _, t := range s.Topics {
		for _, p := range t.Partitions {
			ends[t.Name] += p.End
		}
	}
	c.samples = append(c.samples, sample{at, ends})
}

// Runs returns what was collected, in the order in which runs were first seen.
func (c *Collector) Runs() []*Run {
	var out []*Run
	for _, r := range c.order {
		r.arrive(c.curve(r))
		out = append(out, &r.Run)
	}
	return out
}

func (r *collected) take(m *spark.Message) {
	if m.Seq <= r.seq {
		return // told again
	}
	r.seq = m.Seq
	switch m.Type {
	case spark.Started:
		r.introduce(m)
	case spark.Progressed:
		if p, err := spark.DecodeProgress(m.Progress); err == nil {
			r.pending = p
		}
	case spark.Trigger:
		r.trigger(m)
	}
}

func (r *collected) introduce(m *spark.Message) {
	if m.AppID != "" {
		r.App = m.AppID
	}
	if r.Query == "" {
		r.Query = env.QueryKey(m.AppName + "/" + cmp.Or(m.Name, m.QueryID))
	}
}

func (r *collected) trigger(m *spark.Message) {
	if m.TriggerStartMonoNs == nil || m.TriggerStartMs == nil {
		return
	}
	start := float64(*m.TriggerStartMonoNs) / 1e9
	if m.Edge == spark.EdgeStart {
		r.turn = turn{
			number: m.Counters.Triggers, start: start, startMs: float64(*m.TriggerStartMs),
			interval: float64(m.IntervalMs) / 1e3, managed: m.Managed,
		}
		r.pending = nil
		return
	}
	if r.turn.start != start {
		r.turn, r.pending, r.last = untold, nil, untold
	}
	r.turn.end = float64(m.MonoNs) / 1e9
	switch m.Outcome {
	case spark.OutcomeBatch:
		r.batch(m, start)
	case spark.OutcomeEmpty:
		r.Empty++
	}
	r.last, r.turn, r.pending = r.turn, untold, nil
}

// batch books the batch that m tells the end of.
func (r *collected) batch(m *spark.Message, start float64) {
	end := r.turn.end
	if m.BatchEndMonoNs != nil && float64(*m.BatchEndMonoNs)/1e9 > start {
		end = float64(*m.BatchEndMonoNs) / 1e9
	}
	if !(end > start) {
		return
	}
	r.Busy = append(r.Busy, Span{start, end})
	p := r.pending
	if p == nil || p.Rows < 0 {
		r.Lost++
		return
	}
	before, after := r.commit(p)
	if p.Rows == 0 {
		r.NoData++
		return
	}
	b := Batch{
		Number: m.Counters.Batches, Start: start, End: end, Rows: float64(p.Rows), Due: r.due(start), Arrived: math.NaN(),
	}
	if r.last.number+1 == r.turn.number {
		b.Arrived = (r.last.start + start) / 2
	}
	r.Batches = append(r.Batches, b)
	r.reached = append(r.reached, before, after)
}

// commit books a batch's offsets; NaN for a total that is not known.
func (r *collected) commit(p *spark.Progress) (before, after float64) {
	before = r.total()
	known := len(r.committed)
	for _, s := range p.Sources {
		for _, o := range s.End {
			r.topics[o.Topic] = true
			r.committed[spark.PartitionOffset{Topic: o.Topic, Partition: o.Partition}] = o.Offset
		}
	}
	if len(r.committed) != known {
		before = math.NaN()
	}
	return before, r.total()
}

// total is what was committed, over all partitions; NaN before the first.
func (r *collected) total() float64 {
	if len(r.committed) == 0 {
		return math.NaN()
	}
	sum := int64(0)
	for _, o := range r.committed {
		sum += o
	}
	return float64(sum)
}

// due is when the trigger that started then should have by the interval in
// effect: start itself where that changed meanwhile, or is not known.
func (r *collected) due(start float64) float64 {
	last, now := r.last, r.turn
	if last.number+1 != now.number || last.interval != now.interval || last.managed != now.managed {
		return start
	}
	wait := now.interval
	if ms := 1e3 * now.interval; !now.managed && ms > 0 {
		wait = ((math.Floor(last.startMs/ms)+1)*ms - last.startMs) / 1e3
	}
	return max(last.start+wait, last.end)
}

// knot is a point of an arrival curve: the total arrived by a moment.
type knot struct{ at, total float64 }

// curve is the run's arrival curve on its own clock, in order of time.
func (c *Collector) curve(r *collected) []knot {
	if len(r.topics) == 0 {
		return nil
	}
	var curve []knot
	for _, s := range c.samples {
		k := knot{at: s.at - r.shift - r.wallLessRun}
		known := 0
		for topic := range r.topics {
			if end, there := s.ends[topic]; there {
				k.total += float64(end)
				known++
			}
		}
		if known == len(r.topics) {
			curve = append(curve, k)
		}
	}
	slices.SortStableFunc(curve, func(a, b knot) int { return cmp.Compare(a.at, b.at) })
	return curve
}

// arrive works out when the rows of each batch arrived, on the mean.
func (r *collected) arrive(curve []knot) {
	if len(curve) < 2 {
		return
	}
	r.Sampled = true
	for i := range r.Batches {
		b := &r.Batches[i]
		b.Arrived = math.NaN()
		if at := meanArrival(curve, r.reached[2*i], r.reached[2*i+1]); at < b.End {
			b.Arrived = at
		}
	}
}

// meanArrival is the mean moment at which the total went from one to the
// other; NaN where the curve does not tell.
func meanArrival(curve []knot, from, to float64) float64 {
	if !(to > from) || from < curve[0].total || to > curve[len(curve)-1].total {
		return math.NaN()
	}
	i, _ := slices.BinarySearchFunc(curve, from, func(k knot, total float64) int { return cmp.Compare(k.total, total) })
	sum := 0.0
	for i = max(i, 1); i < len(curve) && curve[i-1].total < to; i++ {
		a, b := curve[i-1], curve[i]
		lo, hi := max(a.total, from), min(b.total, to)
		if hi > lo {
			sum += (hi - lo) * (a.at + (b.at-a.at)*((lo+hi)/2-a.total)/(b.total-a.total))
		}
	}
	return sum / (to - from)
}
