package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"rubato/env"
)

// LeadIn is how much of the beginning of each half is left out.
const LeadIn = 30 * time.Second

// Event is one record that was produced.
type Event struct {
	Partition int32
	Offset    int64
	At        time.Time
}

// Range holds the offsets from Start up to End, not included.
type Range struct{ Start, End int64 }

// Batch is one batch of the query: what it took of each partition, when its
// trigger began (zero where nothing told), and when it ended.
type Batch struct {
	Began, Ended time.Time
	Ranges       map[int32]Range
}

// Counters are the query's totals at a moment.
type Counters struct {
	At                               time.Time
	Triggers, EmptyTriggers, Batches uint64
}

// Observed is what was seen of one half of the demo.
type Observed struct {
	// From and To bound the window.
	From, To time.Time
	// Events in any order. Batches and Counters reach from before the window to
	// after its end, in order of time.
	Events   []Event
	Batches  []Batch
	Counters []Counters
	Weights  env.Weights
}

// Half is the figures of one half.
type Half struct {
	MeanLatencyMs float64 `json:"meanLatencyMs"`
	P95LatencyMs  float64 `json:"p95LatencyMs"`
	Triggers      uint64  `json:"triggers"`
	EmptyTriggers uint64  `json:"emptyTriggers"`
	Batches       uint64  `json:"batches"`
	Seconds       float64 `json:"seconds"`
	Events        int     `json:"events"`
	CostRate      float64 `json:"costRate"`

	P50LatencyMs float64 `json:"-"`
	P99LatencyMs float64 `json:"-"`

	// Inferred events are counted with the batch after their own, Untaken ones
	// not at all; see the package's caveats. Both are 0 where all is well.
	Inferred int `json:"-"`
	Untaken  int `json:"-"`
}

// Measure works out the figures of a half.
func Measure(o Observed) (Half, error) {
	seconds := o.To.Sub(o.From).Seconds()
	if seconds <= 0 {
		return Half{}, fmt.Errorf("measure from %v to %v: the window is empty", o.From, o.To)
	}
	counted, err := o.count()
	if err != nil {
		return Half{}, err
	}
	h := Half{
		Seconds: seconds, Triggers: counted.Triggers, EmptyTriggers: counted.EmptyTriggers, Batches: counted.Batches,
	}
	latencies := h.latencies(o)
	h.Events = len(latencies)
	if h.Events > 0 {
		var sum float64
		for _, l := range latencies {
			sum += l
		}
		h.MeanLatencyMs = sum / float64(h.Events)
		h.P50LatencyMs = Quantile(latencies, 0.5)
		h.P95LatencyMs = Quantile(latencies, 0.95)
		h.P99LatencyMs = Quantile(latencies, 0.99)
	}
	h.CostRate = o.Weights.Latency*h.MeanLatencyMs/1e3 +
		o.Weights.Batch*float64(h.Batches)/seconds +
		o.Weights.Empty*float64(h.EmptyTriggers)/seconds
	return h, nil
}

// count returns the totals over the window.
func (o Observed) count() (Counters, error) {
	from, ok := at(o.Counters, o.From)
	if !ok {
		return Counters{}, errors.New("count triggers: no totals from before the window")
	}
	to, _ := at(o.Counters, o.To)
	if to.Triggers < from.Triggers || to.EmptyTriggers < from.EmptyTriggers || to.Batches < from.Batches {
		return Counters{}, errors.New("count triggers: the totals went back: the query was restarted within the window")
	}
	return Counters{
		Triggers:      to.Triggers - from.Triggers,
		EmptyTriggers: to.EmptyTriggers - from.EmptyTriggers,
		Batches:       to.Batches - from.Batches,
	}, nil
}

// at returns the last totals from before t; false when there are none.
func at(cs []Counters, t time.Time) (Counters, bool) {
	n := sort.Search(len(cs), func(i int) bool { return !cs[i].At.Before(t) })
	if n == 0 {
		return Counters{}, false
	}
	return cs[n-1], true
}

// latencies returns those of the events in the window, in ms.
func (h *Half) latencies(o Observed) []float64 {
	var ls []float64
	for _, e := range o.Events {
		if e.At.Before(o.From) || !e.At.Before(o.To) {
			continue
		}
		b, exact := taker(o.Batches, e)
		if b == nil {
			h.Untaken++
			continue
		}
		if !exact {
			h.Inferred++
		}
		ls = append(ls, float64(b.Ended.Sub(e.At))/float64(time.Millisecond))
	}
	return ls
}

// taker returns the first batch that reached past the event, nil if none did,
// and whether the event is in its very range.
func taker(bs []Batch, e Event) (*Batch, bool) {
	i := sort.Search(len(bs), func(i int) bool { return reached(bs[:i+1], e.Partition) > e.Offset })
	if i == len(bs) {
		return nil, false
	}
	r := bs[i].Ranges[e.Partition]
	return &bs[i], r.Start <= e.Offset && e.Offset < r.End
}

// reached is the offset that the last of the batches to name the partition
// ended at.
func reached(bs []Batch, partition int32) int64 {
	for i := len(bs) - 1; i >= 0; i-- {
		if r, named := bs[i].Ranges[partition]; named {
			return r.End
		}
	}
	return math.MinInt64
}

// Quantile returns the q-quantile of values by nearest rank, and 0 of none. It
// sorts them.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	rank := int(math.Ceil(q * float64(len(values))))
	return values[min(max(rank, 1), len(values))-1]
}
