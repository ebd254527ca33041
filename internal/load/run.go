package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rubato/internal/report"
	"rubato/internal/transport"
)

const (
	// Partitions is the number of partitions of the load's topic.
	Partitions = 2
	// every is how often what is due is written.
	every = 10 * time.Millisecond
	// mostRecords is the most that one request carries.
	mostRecords = 2000
)

// Producer writes records; transport.Client is one.
type Producer interface {
	Produce(ctx context.Context, topic string, partition int32, records []transport.Record) (int64, error)
}

// Options of a run.
type Options struct {
	Producer Producer
	Topic    string
	// Events are the schedule, in order of time.
	Events []Event
	// Length is how long the run lasts; events after it are not written.
	Length time.Duration
	// Progress, if set, is told after each write how long the run has lasted
	// and how many events were written.
	Progress func(elapsed time.Duration, written int)
}

// Run writes the events at their times, from now on, and returns when the
// length is over: each event's partition, offset and produce time. When ctx
// ends, or the broker fails, it returns what was written and the error.
func Run(ctx context.Context, o Options) ([]report.Event, error) {
	begin := time.Now()
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	var written []report.Event
	for next := 0; ; {
		elapsed := min(time.Since(begin), o.Length)
		due := next
		for due < len(o.Events) && o.Events[due].At < elapsed && due-next < mostRecords {
			due++
		}
		var err error
		if written, err = write(ctx, o, o.Events[next:due], written); err != nil {
			return written, err
		}
		next = due
		if o.Progress != nil {
			o.Progress(elapsed, len(written))
		}
		if elapsed == o.Length && (next == len(o.Events) || o.Events[next].At >= o.Length) {
			return written, nil
		}
		select {
		case <-ctx.Done():
			return written, fmt.Errorf("write the load to topic %s: %w", o.Topic, ctx.Err())
		case <-ticks.C:
		}
	}
}

// write sends the events that are due now, and appends where they went.
func write(ctx context.Context, o Options, due []Event, written []report.Event) ([]report.Event, error) {
	now := time.UnixMilli(time.Now().UnixMilli()) // what Kafka keeps of it
	var shares [Partitions][]transport.Record
	for i, e := range due {
		p := e.Key % Partitions
		shares[p] = append(shares[p], transport.Record{
			Key: fmt.Appendf(nil, "key-%02d", e.Key), Value: fmt.Appendf(nil, `{"n":%d}`, len(written)+i), Time: now,
		})
	}
	var failed []error
	for p, records := range shares {
		if len(records) == 0 {
			continue
		}
		base, err := o.Producer.Produce(ctx, o.Topic, int32(p), records)
		if err != nil {
			failed = append(failed, fmt.Errorf("write the load: %w", err))
			continue
		}
		for i := range records {
			written = append(written, report.Event{Partition: int32(p), Offset: base + int64(i), At: now})
		}
	}
	return written, errors.Join(failed...)
}
