package transporttest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rubato/internal/transport"
)

// patience bounds a wait for something that must come.
const patience = 30 * time.Second

// Collector takes the messages of a subscription and lets a test wait for them.
type Collector struct {
	mu       sync.Mutex
	messages []transport.Message
	gaps     []transport.Gap
	changed  chan struct{}
}

// Collect consumes in the background until the test ends.
func Collect(t testing.TB, c transport.Client, s transport.Subscription) *Collector {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	got := &Collector{changed: make(chan struct{})}
	s.Message = func(m transport.Message) { got.add(func() { got.messages = append(got.messages, m) }) }
	s.Gap = func(g transport.Gap) { got.add(func() { got.gaps = append(got.gaps, g) }) }
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Consume(ctx, s)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return got
}

func (c *Collector) add(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Messages waits for at least n messages and returns all there are.
func (c *Collector) Messages(t testing.TB, n int) []transport.Message {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		ms, changed := slices.Clone(c.messages), c.changed
		c.mu.Unlock()
		if len(ms) >= n {
			return ms
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d messages came, want %d", len(ms), n)
		}
	}
}

// Gaps returns the gaps reported so far.
func (c *Collector) Gaps() []transport.Gap {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.gaps)
}

// Values returns the values of messages as strings.
func Values(ms []transport.Message) []string {
	var vs []string
	for _, m := range ms {
		vs = append(vs, string(m.Value))
	}
	return vs
}

// Promises checks what every transport.Client promises. connect returns a
// client of a cluster without topics that ends with the test.
func Promises(t *testing.T, connect func(t *testing.T) transport.Client) {
	for name, check := range map[string]func(*testing.T, transport.Client){
		"PublishedMessagesArriveInOrder":     inOrder,
		"ResumesAtThePositionGiven":          resumes,
		"StartsAtTheEndUnlessEarliest":       starts,
		"OffsetsAfterAProduceAreConsecutive": consecutive,
		"APositionPastTheEndIsAGap":          pastTheEnd,
		"OversizedMessagesAreSkipped":        oversized,
		"EnsureTopicsKeepsWhatExists":        ensures,
	} {
		t.Run(name, func(t *testing.T) { check(t, connect(t)) })
	}
}

func ensure(t *testing.T, c transport.Client, partitions int, topics ...string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	if err := c.EnsureTopics(ctx, partitions, topics...); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func inOrder(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 1, "a", "b")
	got := Collect(t, c, transport.Subscription{Topic: "a", Earliest: true})
	var want []string
	for i := range 500 {
		want = append(want, fmt.Sprint(i))
		c.Publish("a", []byte("key"), []byte(want[i]))
		c.Publish("b", []byte("key"), []byte("other"))
	}
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	ms := got.Messages(t, 500)
	if !slices.Equal(Values(ms), want) {
		t.Fatalf("got %v", Values(ms))
	}
	last := ms[499]
	if last.Topic != "a" || last.Offset != 499 || last.End != 500 || string(last.Key) != "key" || last.Time.IsZero() {
		t.Fatalf("got %+v", last)
	}
	if s := c.Stats(); s.Published != 1000 || s.Consumed != 500 || s.Dropped+s.Failed != 0 {
		t.Fatalf("got %+v", s)
	}
}

func resumes(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 2, "a")
	for p := range int32(2) {
		if _, err := c.Produce(ctx, "a", p, records(10, fmt.Sprintf("p%d-", p))); err != nil {
			t.Fatal(err)
		}
	}
	got := Collect(t, c, transport.Subscription{Topic: "a", From: transport.Positions{0: 7, 1: 10}, Earliest: true})
	vs := Values(got.Messages(t, 3))
	if !slices.Equal(vs, []string{"p0-7", "p0-8", "p0-9"}) {
		t.Fatalf("got %v", vs)
	}
}

func starts(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 1, "a")
	if _, err := c.Produce(ctx, "a", 0, records(3, "old")); err != nil {
		t.Fatal(err)
	}
	earliest := Collect(t, c, transport.Subscription{Topic: "a", Earliest: true})
	if vs := Values(earliest.Messages(t, 3)); !slices.Equal(vs, []string{"old0", "old1", "old2"}) {
		t.Fatalf("earliest got %v", vs)
	}
	latest := Collect(t, c, transport.Subscription{Topic: "a"})
	// It cannot be seen from outside when the subscription has found the end;
	// produce until it takes something.
	var first transport.Message
	for i := 0; first.Value == nil; i++ {
		if _, err := c.Produce(ctx, "a", 0, []transport.Record{{Value: []byte("new")}}); err != nil {
			t.Fatal(err)
		}
		latest.mu.Lock()
		if len(latest.messages) > 0 {
			first = latest.messages[0]
		}
		latest.mu.Unlock()
	}
	if first.Offset < 3 || string(first.Value) != "new" {
		t.Fatalf("latest began with %+v", first)
	}
}

func consecutive(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 2, "a")
	at := time.UnixMilli(1_700_000_000_123)
	rs := records(5, "x")
	for i := range rs {
		rs[i].Time = at.Add(time.Duration(i) * time.Millisecond)
	}
	for round := range int64(3) {
		base, err := c.Produce(ctx, "a", 1, rs)
		if err != nil || base != 5*round {
			t.Fatalf("first offset %d, %v; want %d", base, err, 5*round)
		}
	}
	ends, err := c.EndOffsets(ctx, "a")
	if err != nil || len(ends) != 2 || ends[0] != 0 || ends[1] != 15 {
		t.Fatalf("end offsets %v, %v", ends, err)
	}
	got := Collect(t, c, transport.Subscription{Topic: "a", Earliest: true})
	for i, m := range got.Messages(t, 15) {
		if m.Partition != 1 || m.Offset != int64(i) || !m.Time.Equal(rs[i%5].Time) || string(m.Value) != fmt.Sprintf("x%d", i%5) {
			t.Fatalf("message %d is %+v", i, m)
		}
	}
}

func pastTheEnd(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 1, "a")
	if _, err := c.Produce(ctx, "a", 0, records(3, "x")); err != nil {
		t.Fatal(err)
	}
	got := Collect(t, c, transport.Subscription{Topic: "a", From: transport.Positions{0: 100}})
	if vs := Values(got.Messages(t, 3)); !slices.Equal(vs, []string{"x0", "x1", "x2"}) {
		t.Fatalf("got %v", vs)
	}
	if gs := got.Gaps(); !slices.Equal(gs, []transport.Gap{{Topic: "a", From: 100, To: 0}}) {
		t.Fatalf("gaps %+v", gs)
	}
	if s := c.Stats(); s.Gaps != 1 {
		t.Fatalf("got %+v", s)
	}
}

func oversized(t *testing.T, c transport.Client) {
	ctx := ensure(t, c, 1, "a")
	huge := make([]byte, transport.MaxMessage+1)
	if _, err := c.Produce(ctx, "a", 0, []transport.Record{{Value: []byte("before")}, {Value: huge}}); err != nil {
		t.Fatal(err)
	}
	c.Publish("a", nil, huge)
	c.Publish("a", nil, []byte("after"))
	got := Collect(t, c, transport.Subscription{Topic: "a", Earliest: true})
	if vs := Values(got.Messages(t, 2)); !slices.Equal(vs, []string{"before", "after"}) {
		t.Fatalf("got %d messages", len(vs))
	}
	if s := c.Stats(); s.OversizedIn != 1 || s.OversizedOut != 1 || s.Consumed != 2 {
		t.Fatalf("got %+v", s)
	}
	if gs := got.Gaps(); !slices.Equal(gs, []transport.Gap{{Topic: "a", From: 1, To: 2}}) {
		t.Fatalf("gaps %+v", gs)
	}
}

func ensures(t *testing.T, c transport.Client) {
	ensure(t, c, 1, "a")
	ctx := ensure(t, c, 3, "a", "b")
	for topic, want := range map[string]int{"a": 1, "b": 3} {
		ends, err := c.EndOffsets(ctx, topic)
		if err != nil || len(ends) != want {
			t.Fatalf("topic %s has partitions %v, %v; want %d", topic, ends, err, want)
		}
	}
	if _, err := c.EndOffsets(ctx, "absent"); err == nil {
		t.Fatal("an absent topic has end offsets")
	}
}

func records(n int, prefix string) []transport.Record {
	var rs []transport.Record
	for i := range n {
		rs = append(rs, transport.Record{Key: []byte("k"), Value: fmt.Appendf(nil, "%s%d", prefix, i)})
	}
	return rs
}
