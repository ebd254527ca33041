package calibrate

import (
	"context"
	"fmt"
	"time"

	"rubato/env/spark"
	"rubato/internal/transport"
)

// ReadTopic reads what a metrics topic holds now, from its first message to
// its last. Messages that do not parse are skipped and counted.
func ReadTopic(ctx context.Context, client transport.Client, topic string) (runs []*Run, skipped int, err error) {
	ends, err := client.EndOffsets(ctx, topic)
	if err != nil {
		return nil, 0, fmt.Errorf("read the topic %s: %w", topic, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := NewCollector()
	reached := func(partition int32, next int64) {
		if next >= ends[partition] {
			delete(ends, partition)
		}
		if len(ends) == 0 {
			cancel()
		}
	}
	from := transport.Positions{} // from 0, so that what is gone is told as a gap
	for p, end := range ends {
		from[p] = 0
		if end == 0 {
			delete(ends, p)
		}
	}
	if len(ends) == 0 {
		return nil, 0, fmt.Errorf("read the topic %s: it holds no messages", topic)
	}
	client.Consume(ctx, transport.Subscription{
		Topic: topic, From: from,
		Message: func(m transport.Message) {
			if ends[m.Partition] == 0 {
				return // beyond what it held
			}
			if told, err := spark.Decode(m.Value); err != nil {
				skipped++
			} else {
				c.Message(string(m.Key), float64(m.Time.UnixNano())/float64(time.Second), told)
			}
			reached(m.Partition, m.Offset+1)
		},
		Gap: func(g transport.Gap) {
			reached(g.Partition, g.To)
		},
	})
	if len(ends) > 0 {
		return nil, skipped, fmt.Errorf("read the topic %s: %w", topic, context.Cause(ctx))
	}
	return c.Runs(), skipped, nil
}
