package transport

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"rubato/internal/signing"
)

// sendMost is how many queued messages are sent at once.
const sendMost = 256

// outgoing is a message that waits to be sent.
type outgoing struct {
	topic      string
	key, value []byte
	at         time.Time
}

// queue is a bounded first-in first-out queue that drops its oldest.
type queue struct {
	mu      sync.Mutex
	waiting []outgoing
	most    int
	sending int
	dropped uint64
	filled  chan struct{} // holds one token while there may be work
	idle    chan struct{} // closed and renewed when all was dealt with
}

func newQueue(most int) *queue {
	return &queue{most: most, filled: make(chan struct{}, 1), idle: make(chan struct{})}
}

func (q *queue) put(o outgoing) {
	q.mu.Lock()
	if len(q.waiting) == q.most {
		q.waiting[0] = outgoing{}
		q.waiting = q.waiting[1:]
		q.dropped++
	}
	q.waiting = append(q.waiting, o)
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// take returns what waits, at most sendMost; nil when ctx ended.
func (q *queue) take(ctx context.Context) []outgoing {
	for {
		q.mu.Lock()
		if n := min(len(q.waiting), sendMost); n > 0 {
			batch := append([]outgoing(nil), q.waiting[:n]...)
			q.waiting = append(q.waiting[:0], q.waiting[n:]...)
			q.sending = n
			q.mu.Unlock()
			return batch
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-q.filled:
		}
	}
}

// sent says that the batch last taken has been dealt with.
func (q *queue) sent() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sending = 0
	if len(q.waiting) == 0 {
		close(q.idle)
		q.idle = make(chan struct{})
	}
}

// drained returns a channel that closes when nothing waits, nil when nothing
// does now.
func (q *queue) drained() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+q.sending == 0 {
		return nil
	}
	return q.idle
}

func (q *queue) droppedCount() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Publish implements Client.
func (k *Kafka) Publish(topic string, key, value []byte) {
	if len(key)+len(value) > MaxMessage {
		k.oversizedOut.Add(1)
		return
	}
	k.queue.put(outgoing{topic: topic, key: key, value: value, at: time.Now()})
}

// Flush implements Client.
func (k *Kafka) Flush(ctx context.Context) error {
	for {
		idle := k.queue.drained()
		if idle == nil {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("flush published messages: %w", ctx.Err())
		}
	}
}

// send delivers what is published until ctx ends.
func (k *Kafka) send(ctx context.Context) {
	defer close(k.done)
	for {
		batch := k.queue.take(ctx)
		if batch == nil || ctx.Err() != nil {
			return
		}
		k.deliver(ctx, batch)
		k.queue.sent()
	}
}

// deliver sends a batch, one request for each topic and partition in it.
func (k *Kafka) deliver(ctx context.Context, batch []outgoing) {
	for len(batch) > 0 {
		topic := batch[0].topic
		var rest []outgoing
		var these []outgoing
		for _, o := range batch {
			if o.topic == topic {
				these = append(these, o)
			} else {
				rest = append(rest, o)
			}
		}
		k.deliverTopic(ctx, topic, these)
		batch = rest
	}
}

// deliverTopic sends messages of one topic to the partitions of their keys.
func (k *Kafka) deliverTopic(ctx context.Context, topic string, batch []outgoing) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var shares map[int32][]Record
	err := k.attempt(ctx, func() error {
		partitions, err := k.partitions(ctx, topic)
		if err == nil {
			shares = k.share(batch, partitions)
		}
		return err
	})
	if err != nil {
		k.lose(topic, len(batch), err)
		return
	}
	for p, records := range shares {
		if _, err := k.Produce(ctx, topic, p, records); err != nil {
			k.lose(topic, len(records), err)
			continue
		}
		k.published.Add(uint64(len(records)))
	}
}

func (k *Kafka) lose(topic string, n int, err error) {
	k.failed.Add(uint64(n))
	if !unreachable(err) || refused(err) {
		k.complain("messages could not be delivered", topic, err)
	}
}

// share places messages by the hash of their key, and signs them.
func (k *Kafka) share(batch []outgoing, partitions []int32) map[int32][]Record {
	ids := make([]int, len(partitions))
	for i, p := range partitions {
		ids[i] = int(p)
	}
	var hash kafka.Murmur2Balancer
	shares := make(map[int32][]Record)
	for _, o := range batch {
		p := int32(hash.Balance(kafka.Message{Key: o.key}, ids...))
		shares[p] = append(shares[p], Record{Key: o.key, Value: o.value, Time: o.at, headers: k.signature(o)})
	}
	return shares
}

// signature is the headers that tell a message of ours from a stranger's.
func (k *Kafka) signature(o outgoing) []kafka.Header {
	if k.keys == nil {
		return nil
	}
	id, sum := k.keys.Sign(o.key, o.value)
	return []kafka.Header{{Key: signing.HeaderHMAC, Value: sum}, {Key: signing.HeaderKeyID, Value: []byte(id)}}
}

// Produce implements Client.
func (k *Kafka) Produce(ctx context.Context, topic string, partition int32, records []Record) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var base int64
	err := k.attempt(ctx, func() error {
		res, err := k.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: topic, Partition: int(partition), RequiredAcks: kafka.RequireAll, Records: reader(records),
		})
		if err == nil {
			base, err = res.BaseOffset, res.Error
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("produce %d records to topic %s, partition %d: %w", len(records), topic, partition, err)
	}
	return base, nil
}

func reader(records []Record) kafka.RecordReader {
	rs := make([]kafka.Record, len(records))
	for i, r := range records {
		rs[i] = kafka.Record{Time: r.Time, Key: kafka.NewBytes(r.Key), Value: kafka.NewBytes(r.Value), Headers: r.headers}
		if r.Time.IsZero() {
			rs[i].Time = time.Now()
		}
	}
	return kafka.NewRecordReader(rs...)
}

// attempt runs do up to attempts times while trying again can help.
func (k *Kafka) attempt(ctx context.Context, do func() error) error {
	var err error
	for i, pause := 0, backoffMin; i < attempts; i, pause = i+1, min(4*pause, backoffMax) {
		if i > 0 && !sleep(ctx, pause) {
			return err
		}
		if err = do(); err == nil || permanent(err) {
			return err
		}
		k.forget()
	}
	return err
}
