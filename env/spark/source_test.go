package spark

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/arrivals"
)

func TestBrokersAreAskedAboutWhatTheQueriesRead(t *testing.T) {
	w := newWorld(t)
	subscribed, assigned := newAgent(t, "shop/a", "ra"), newAgent(t, "shop/b", "rb")
	pattern, overridden := newAgent(t, "shop/c", "rc"), newAgent(t, "special/d", "rd")
	o := options(t)
	w.Configure(func(q env.QueryKey, configured time.Duration) (Resolved, bool) {
		r, ok := o.Resolve(q, configured)
		if q == "special/d" {
			r.Brokers = []string{"z:1"}
		}
		return r, ok
	})
	w.feed(
		subscribed.started(at(1), SourceOptions{Subscribe: "y, x", Brokers: "k2:1,k1:1"}),
		assigned.started(at(1.1), SourceOptions{Assign: `{"p":[0,2],"x":[1]}`, Brokers: "k1:1,k2:1"}),
		pattern.started(at(1.2), SourceOptions{SubscribePattern: "ord.*"}),
		overridden.started(at(1.3), SourceOptions{Subscribe: "q", Brokers: "k1:1"}),
	)
	want := []arrivals.Wanted{
		{Brokers: []string{"k1:1", "k2:1"}, Topics: []string{"p", "x", "y"}},
		{Brokers: []string{"z:1"}, Topics: []string{"q"}},
	}
	if got := w.Wanted(); !reflect.DeepEqual(got, want) {
		t.Errorf("before any batch: %v, want %v", got, want)
	}
	w.feed(pattern.batch(at(2), 10)...) // its progress names the topic orders
	w.feed(pattern.started(at(3), SourceOptions{SubscribePattern: "ord.*"}))
	want = append([]arrivals.Wanted{{Brokers: []string{"b:1"}, Topics: []string{"orders"}}}, want...)
	if got := w.Wanted(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a batch: %v, want %v", got, want)
	}
}

func TestOnlyAssignedPartitionsCount(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.started(at(0), SourceOptions{Assign: `{"orders":[1]}`}))
	w.feed(sampleAt(t, at(1), "b:1", 100, 200, 300), sampleAt(t, at(2), "b:1", 150, 210, 350), tickAt(at(2)))
	if got := w.last().Observation.Outstanding; got != 10 {
		t.Errorf("%v outstanding, want the 10 of partition 1", got)
	}
}

func TestSamplesOfOtherBrokersAreNotTheQuerys(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.started(at(0), SourceOptions{Subscribe: "orders", Brokers: "k:1"}))
	w.feed(sampleAt(t, at(1), "b:1", 100), sampleAt(t, at(2), "b:1", 200), tickAt(at(2)))
	if o := w.last().Observation; o.Outstanding != 0 || o.Sighted != 0 {
		t.Errorf("%v outstanding, sighted %v", o.Outstanding, o.Sighted)
	}
}

func TestWrongOptionsOfASourceAreTheJobsOwnAffair(t *testing.T) {
	for _, o := range []SourceOptions{
		{Assign: `{"orders":`}, {Assign: `[]`}, {MaxOffsetsPerTrigger: "many", MinOffsetsPerTrigger: "-5"},
		{MaxOffsetsPerTrigger: "9223372036854775807"}, {Brokers: ",, ,"}, {Subscribe: ",,"},
	} {
		w, a := newWorld(t), newAgent(t, "k", "r")
		w.feed(a.started(at(0), o), tickAt(at(1)))
		if got := w.last().Observation; got.Cap != 0 || got.Floor != 0 || len(w.errs) != 0 {
			t.Errorf("%+v: cap %v, floor %v, %v", o, got.Cap, got.Floor, w.errs)
		}
	}
}

func TestWhenTheBrokerGoesBatchesTellTheArrivals(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.started(at(0), SourceOptions{Subscribe: "orders"}))
	for i := range 40 { // 100 events/s
		from := 1 + float64(i)
		if i < 15 {
			w.feed(sampleAt(t, at(from), "b:1", int64(100*(i+1))))
		}
		w.feed(a.batch(at(from+0.01), 100)...)
		w.feed(tickAt(at(from + 0.5)))
	}
	o := w.last().Observation
	if o.Sighted != 0 || o.R15 < 90 || o.R15 > 110 || o.Outstanding > 110 {
		t.Errorf("sighted %v, %v events/s, %v outstanding; want 0, about 100, less than a second's", o.Sighted, o.R15, o.Outstanding)
	}
}

func TestACappedBatchThatIsNotSightedShowsItsBacklog(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.started(at(0), SourceOptions{Subscribe: "orders", MaxOffsetsPerTrigger: "100"}))
	for i := range 4 {
		from := at(1 + float64(i))
		a.offset += 100
		w.feed(a.begin(from), a.progressJSON(from+1e8, progressTo(a.offset, 5000)), a.end(from+1e8, OutcomeBatch))
	}
	if o := w.last().Observation; o.Cap != 100 || o.Outstanding < 4599 || o.Outstanding > 5000 {
		t.Errorf("cap %v, %v outstanding; want 100 and about 4600", o.Cap, o.Outstanding)
	}
}

// progressTo is a capped batch of 100 rows up to end, with the topic at latest.
func progressTo(end, latest int64) string {
	return fmt.Sprintf(`{"numInputRows":100,"sources":[{"description":"KafkaV2[Subscribe[orders]]","endOffset":{"orders":{"0":%d}},`+
		`"latestOffset":{"orders":{"0":%d}},"numInputRows":100}]}`, end, latest)
}
