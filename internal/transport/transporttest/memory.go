package transporttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rubato/internal/transport"
)

var errUnknownTopic = errors.New("unknown topic")

// Memory is a transport.Client of topics in memory. The zero value is not
// usable; see NewMemory.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	topics  map[string][]*log
	fault   error
	stats   transport.Stats
	changed chan struct{} // closed and renewed at every change
}

// log is one partition.
type log struct {
	first   int64
	records []transport.Record
}

func (l *log) end() int64 { return l.first + int64(len(l.records)) }

var _ transport.Client = (*Memory)(nil)

// NewMemory returns a client without topics. now is the clock for records
// without a time.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, topics: make(map[string][]*log), changed: make(chan struct{})}
}

// Fail makes everything fail with err, as a broker out of reach does, until
// Fail(nil): deliveries are lost, and consumers wait.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = err
	m.notify()
}

// Truncate drops the messages of a partition before an offset. An offset past
// the end empties the partition, and the next message gets that offset.
func (m *Memory) Truncate(topic string, partition int32, first int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.topics[topic][partition]
	n := min(max(first-l.first, 0), int64(len(l.records)))
	l.records, l.first = l.records[n:], max(first, l.first)
	m.notify()
}

// notify wakes the consumers. m.mu is held.
func (m *Memory) notify() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// EnsureTopics implements transport.Client.
func (m *Memory) EnsureTopics(ctx context.Context, partitions int, topics ...string) error {
	if err := m.reach(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range topics {
		if m.topics[t] != nil {
			continue
		}
		for range partitions {
			m.topics[t] = append(m.topics[t], &log{})
		}
	}
	m.notify()
	return nil
}

// reach waits for the fault to end.
func (m *Memory) reach(ctx context.Context) error {
	for {
		m.mu.Lock()
		fault, changed := m.fault, m.changed
		m.mu.Unlock()
		if fault == nil {
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", ctx.Err(), fault)
		}
	}
}

// EndOffsets implements transport.Client.
func (m *Memory) EndOffsets(ctx context.Context, topic string) (transport.Positions, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.fault); err != nil {
		return nil, fmt.Errorf("offsets of topic %s: %w", topic, err)
	}
	if m.topics[topic] == nil {
		return nil, fmt.Errorf("offsets of topic %s: %w", topic, errUnknownTopic)
	}
	ends := make(transport.Positions)
	for p, l := range m.topics[topic] {
		ends[int32(p)] = l.end()
	}
	return ends, nil
}

// Publish implements transport.Client: everything goes to partition 0, at once.
func (m *Memory) Publish(topic string, key, value []byte) {
	if len(key)+len(value) > transport.MaxMessage {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.stats.OversizedOut++
		return
	}
	_, err := m.Produce(context.Background(), topic, 0, []transport.Record{{Key: key, Value: value}})
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.stats.Failed++
		return
	}
	m.stats.Published++
}

// Produce implements transport.Client.
func (m *Memory) Produce(ctx context.Context, topic string, partition int32, records []transport.Record) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(ctx.Err(), m.fault); err != nil {
		return 0, fmt.Errorf("produce to topic %s: %w", topic, err)
	}
	if int(partition) >= len(m.topics[topic]) {
		return 0, fmt.Errorf("produce to topic %s, partition %d: %w", topic, partition, errUnknownTopic)
	}
	l := m.topics[topic][partition]
	base := l.end()
	for _, r := range records {
		if r.Time.IsZero() {
			r.Time = m.now()
		}
		l.records = append(l.records, r)
	}
	m.notify()
	return base, nil
}

// Flush implements transport.Client; nothing ever waits.
func (m *Memory) Flush(context.Context) error { return nil }

// Stats implements transport.Client.
func (m *Memory) Stats() transport.Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// Close implements transport.Client.
func (m *Memory) Close() {}

// Consume implements transport.Client. All partitions are read in turn by the
// calling goroutine.
func (m *Memory) Consume(ctx context.Context, s transport.Subscription) {
	next := make(transport.Positions)
	for ctx.Err() == nil {
		m.mu.Lock()
		changed := m.changed
		calls := m.due(s, next)
		m.mu.Unlock()
		for _, call := range calls {
			call()
		}
		if len(calls) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// due returns the calls that tell a subscriber at next what there is, and moves
// next. m.mu is held.
func (m *Memory) due(s transport.Subscription, next transport.Positions) (calls []func()) {
	if m.fault != nil {
		return nil
	}
	for i, l := range m.topics[s.Topic] {
		p := int32(i)
		at, started := next[p]
		if !started {
			at = start(s, p, l)
		}
		gap := func(to int64) {
			if g := (transport.Gap{Topic: s.Topic, Partition: p, From: at, To: to}); s.Gap != nil {
				calls = append(calls, func() { s.Gap(g) })
			}
			at = to
		}
		if at < l.first || at > l.end() {
			m.stats.Gaps++
			gap(l.first)
		}
		for at < l.end() {
			r := l.records[at-l.first]
			if len(r.Key)+len(r.Value) > transport.MaxMessage {
				m.stats.OversizedIn++
				gap(at + 1)
				continue
			}
			m.stats.Consumed++
			msg := transport.Message{
				Topic: s.Topic, Partition: p, Offset: at, End: l.end(), Time: r.Time, Key: r.Key, Value: r.Value,
			}
			calls = append(calls, func() { s.Message(msg) })
			at++
		}
		next[p] = at
	}
	return calls
}

// start is where a subscription begins to read a partition.
func start(s transport.Subscription, p int32, l *log) int64 {
	if at, known := s.From[p]; known {
		return at
	}
	if s.Earliest {
		return 0 // what is gone is a gap
	}
	return l.end()
}
