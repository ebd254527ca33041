package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"rubato/bench/pretend"
	"rubato/env/spark"
	"rubato/internal/transport"
)

const (
	// interval is the queries' configured one.
	interval = 2 * time.Second
	// batchTime is how long a batch takes.
	batchTime = 200 * time.Millisecond
	// pace is how often the queries are looked at.
	pace = 20 * time.Millisecond
)

// fed counts what went over the wire.
type fed struct{ messages, commands uint64 }

// driver is a query and what it does next.
type driver struct {
	*pretend.Query
	start, end, beat time.Time
	running          bool
}

// feeder plays all queries.
type feeder struct {
	client  transport.Client
	drivers []*driver
	byKey   map[string]*driver
	events  atomic.Int64
	fed     fed
}

// feed plays so many queries for a time.
func feed(ctx context.Context, brokers []string, queries int, length time.Duration) (fed, error) {
	client, err := transport.NewKafka(transport.Options{Brokers: brokers})
	if err != nil {
		return fed{}, err
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := client.EnsureTopics(ctx, 1, pretend.Topic); err != nil {
		return fed{}, err
	}
	f := &feeder{client: client, byKey: map[string]*driver{}}
	now := time.Now()
	for i := range queries {
		d := &driver{Query: pretend.New(i, interval), start: now.Add(interval * time.Duration(i) / time.Duration(queries)), beat: now}
		f.drivers, f.byKey[d.Key] = append(f.drivers, d), d
		if err := f.send(d)(d.Started(now)); err != nil {
			return fed{}, err
		}
	}
	commands := make(chan transport.Message, 1024)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		client.Consume(ctx, transport.Subscription{Topic: "rubato.decisions", Message: func(m transport.Message) {
			select {
			case commands <- m:
			case <-ctx.Done():
			}
		}})
	}()
	grown := make(chan error, 1)
	go func() { grown <- f.grow(ctx) }()
	err = f.play(ctx, commands, now.Add(length))
	cancel()
	<-listening
	return f.fed, errors.Join(err, <-grown)
}

// grow appends 100 events a second to the topic.
func (f *feeder) grow(ctx context.Context) error {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	records := make([]transport.Record, 10)
	for i := range records {
		records[i].Value = []byte("an event")
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if _, err := f.client.Produce(ctx, pretend.Topic, 0, records); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		f.events.Add(int64(len(records)))
	}
}

func (f *feeder) play(ctx context.Context, commands <-chan transport.Message, until time.Time) error {
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-commands:
			var d spark.Decision
			if err := json.Unmarshal(m.Value, &d); err != nil {
				return fmt.Errorf("reading a command: %w", err)
			}
			f.fed.commands++
			if q := f.byKey[string(m.Key)]; q != nil {
				q.Apply(d)
			}
		case now := <-ticks.C:
			if now.After(until) {
				return nil
			}
			for _, d := range f.drivers {
				if err := f.step(d, now); err != nil {
					return err
				}
			}
		}
	}
}

// step does what is due of one query.
func (f *feeder) step(d *driver, now time.Time) error {
	send := f.send(d)
	if !now.Before(d.beat) {
		d.beat = d.beat.Add(time.Second)
		if err := send(d.Heartbeat(now)); err != nil {
			return err
		}
	}
	switch {
	case d.running && !now.Before(d.end):
		d.running = false
		progress, trigger, err := d.Batch(now, f.events.Load())
		if err := send(progress, err); err != nil {
			return err
		}
		return send(trigger, nil)
	case !d.running && !now.Before(d.start.Add(d.Interval())):
		d.running, d.start, d.end = true, now, now.Add(batchTime)
		return send(d.Begin(now))
	}
	return nil
}

// send publishes a message of a query.
func (f *feeder) send(d *driver) func([]byte, error) error {
	return func(value []byte, err error) error {
		if err == nil {
			f.client.Publish("rubato.metrics", []byte(d.Key), value)
			f.fed.messages++
		}
		return err
	}
}

// logged finds a field's first value in a log of JSON lines.
func logged(path, field string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the daemon's log: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		if value, ok := entry[field].(string); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("the daemon's log has no %s", field)
}
