package spark

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rubato/bench/pretend"
	wire "rubato/env/spark"
	embedded "rubato/internal/broker"
	"rubato/internal/transport"
	"rubato/policy/rules"
)

// patience is how long a message may take.
const patience = 20 * time.Second

// decisions collects what comes over a decisions topic.
type decisions struct {
	mu  sync.Mutex
	all []wire.Decision
}

func (d *decisions) message(m transport.Message) {
	var x wire.Decision
	if json.Unmarshal(m.Value, &x) == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.all = append(d.all, x)
	}
}

func (d *decisions) list() []wire.Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]wire.Decision(nil), d.all...)
}

// driver plays a driver's query over the wire until ctx ends.
func driver(ctx context.Context, t *testing.T, client transport.Client, topic string) {
	q := pretend.New(1, time.Second)
	send := func(value []byte, err error) {
		if err != nil {
			t.Error(err)
		}
		client.Publish(topic, []byte(q.Key), value)
	}
	send(q.Started(time.Now()))
	for end := int64(1); ctx.Err() == nil; end++ {
		send(q.Begin(time.Now()))
		progress, trigger, err := q.Batch(time.Now(), end)
		send(progress, err)
		send(trigger, err)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestARuleCommandsItsIntervalOutrightOnceItMayAct(t *testing.T) {
	defer goleak.VerifyNone(t)
	b, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	client, err := transport.NewKafka(transport.Options{Brokers: []string{b.Addr()}, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := client.EnsureTopics(ctx, 1, "p.metrics", "p.decisions", pretend.Topic); err != nil {
		t.Fatal(err)
	}
	var seen decisions
	var told sync.Once
	heard := make(chan struct{})
	r := &run{
		bench: &bench{broker: &broker{addr: b.Addr(), client: client}, weights: profile("balanced")},
		dir:   t.TempDir(), prefix: "p",
	}
	rule, _ := rules.Find("fixed-5s")
	c, err := newConductor(r, rule)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	side, stop := context.WithCancel(ctx)
	var feeds sync.WaitGroup
	defer feeds.Wait()
	defer stop()
	feeds.Go(func() { driver(side, t, client, "p.metrics") })
	feeds.Go(func() {
		client.Consume(side, transport.Subscription{Topic: "p.decisions", Earliest: true, Message: seen.message})
	})
	feeds.Go(func() { // its own reader: the rule has seen at least as much soon after
		n := 0
		client.Consume(side, transport.Subscription{Topic: "p.metrics", Earliest: true, Message: func(transport.Message) {
			if n++; n > 30 {
				told.Do(func() { close(heard) })
			}
		}})
	})
	select {
	case <-heard:
	case <-ctx.Done():
		t.Fatal("the driver's messages did not come")
	}
	if early := seen.list(); len(early) > 0 {
		t.Fatalf("commanded %+v before it may act", early)
	}
	if err := c.Take(); err != nil {
		t.Fatal(err)
	}
	for len(seen.list()) == 0 {
		select {
		case <-ctx.Done():
			t.Fatal("no command came")
		case <-time.After(5 * time.Millisecond):
		}
	}
	if d := seen.list()[0]; d.IntervalMs != 5000 || d.Run != "run-001" || d.LeaseMs <= 0 || d.Policy != "fixed-5s" {
		t.Errorf("commanded %+v, want 5000 ms outright of run-001 on a lease", d)
	}
}
