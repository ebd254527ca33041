package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// fetchWait is how long a fetch waits at the broker for data. It adds no
	// latency, but it is the read deadline too.
	fetchWait = 500 * time.Millisecond
	// fetchBytes is the most that one fetch asks for; a larger message still
	// arrives, alone.
	fetchBytes = 8 << 20
	// fetchQueue is how many messages are read ahead.
	fetchQueue = 64
)

// Consume implements Client.
func (k *Kafka) Consume(ctx context.Context, s Subscription) {
	var start map[int32]bound
	for start == nil {
		err := k.persist(ctx, func(ctx context.Context) (err error) {
			start, err = k.bounds(ctx, s.Topic)
			return err
		})
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			k.complain("topic cannot be read", s.Topic, err)
			sleep(ctx, backoffMax)
		}
	}
	var (
		wg    sync.WaitGroup
		turns sync.Mutex
	)
	for p, b := range start {
		next, known := s.From[p]
		switch {
		case known:
		case s.Earliest:
			next = 0 // what is gone is a gap
		default:
			next = b.end
		}
		wg.Go(func() { (&partition{k: k, s: s, turns: &turns, id: p, next: next}).run(ctx) })
	}
	wg.Wait()
}

// partition reads one partition of a subscription.
type partition struct {
	k     *Kafka
	s     Subscription
	turns *sync.Mutex // held while the subscriber is called
	id    int32
	next  int64
}

// run reads until ctx ends, opening a new reader when a position is lost.
func (p *partition) run(ctx context.Context) {
	for ctx.Err() == nil {
		var held bound
		err := p.k.persist(ctx, func(ctx context.Context) error {
			bounds, err := p.k.bounds(ctx, p.s.Topic)
			held = bounds[p.id]
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				p.k.complain("topic cannot be read", p.s.Topic, err)
				sleep(ctx, backoffMax)
			}
			continue
		}
		if p.next < held.first || p.next > held.end {
			p.gap(held.first)
		}
		p.read(ctx)
	}
}

// read hands messages over until ctx ends or the position is out of range.
func (p *partition) read(ctx context.Context) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: p.k.brokers, Topic: p.s.Topic, Partition: int(p.id),
		Dialer:   &kafka.Dialer{ClientID: "rubato", Timeout: dialTimeout, DialFunc: p.k.link.dialUntil(ctx), SASLMechanism: p.k.sasl},
		MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait, QueueCapacity: fetchQueue,
		ReadBackoffMin: backoffMin, ReadBackoffMax: backoffMax,
		ReadLagInterval: -1, OffsetOutOfRangeError: true,
	})
	defer func() { _ = r.Close() }()
	if err := r.SetOffset(p.next); err != nil {
		return
	}
	for {
		m, err := r.FetchMessage(ctx)
		switch {
		case ctx.Err() != nil, errors.Is(err, io.EOF), errors.Is(err, kafka.OffsetOutOfRange):
			return
		case err != nil:
			if !unreachable(err) || refused(err) {
				p.k.complain("reading failed, trying again", p.s.Topic, err)
			}
		default:
			p.take(m)
		}
	}
}

// unreachable tells whether err is about reaching the broker, of which the
// link has told already.
func unreachable(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, io.ErrUnexpectedEOF)
}

// take hands one message over.
func (p *partition) take(m kafka.Message) {
	if m.Offset > p.next {
		p.gap(m.Offset)
	}
	if len(m.Key)+len(m.Value) > MaxMessage {
		p.k.oversizedIn.Add(1)
		p.skip(m.Offset + 1)
		return
	}
	p.next = m.Offset + 1
	p.k.consumed.Add(1)
	p.turns.Lock()
	defer p.turns.Unlock()
	p.s.Message(Message{
		Topic: p.s.Topic, Partition: p.id, Offset: m.Offset, End: m.HighWaterMark,
		Time: m.Time, Key: m.Key, Value: m.Value,
	})
}

// gap skips what the broker no longer has, and logs it.
func (p *partition) gap(to int64) {
	p.k.gaps.Add(1)
	p.k.log.Warn().Str("topic", p.s.Topic).Int32("partition", p.id).
		Int64("from", p.next).Int64("to", to).Msg("messages are missing")
	p.skip(to)
}

// skip moves the position and tells the subscriber.
func (p *partition) skip(to int64) {
	g := Gap{Topic: p.s.Topic, Partition: p.id, From: p.next, To: to}
	p.next = to
	if p.s.Gap != nil {
		p.turns.Lock()
		defer p.turns.Unlock()
		p.s.Gap(g)
	}
}
