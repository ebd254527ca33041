package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"rubato/internal/signing"
)

const (
	// backoffMin and backoffMax bound the pause before trying again.
	backoffMin = 20 * time.Millisecond
	backoffMax = 200 * time.Millisecond
	// requestTimeout bounds a request whose caller set no nearer deadline.
	requestTimeout = 5 * time.Second
	// attempts is how often a delivery is tried.
	attempts = 3
	// refusedPause is the pause after a broker refused us.
	refusedPause = 2 * time.Second
	// closedOften is how many connections in a row the broker closes before
	// the log says so.
	closedOften = 5
	// complainEvery limits how often the same kind of trouble is logged.
	complainEvery = time.Minute
)

// DefaultQueue is how many messages wait to be sent before the oldest drops.
const DefaultQueue = 1024

// Options of a Kafka client.
type Options struct {
	// Brokers are the addresses to start from, host:port.
	Brokers []string
	// Queue is how many messages Publish holds; 0 means DefaultQueue.
	Queue int
	// Security is how the brokers are spoken to; the zero value is PLAINTEXT.
	Security Security
	// Keys sign what Publish sends; nil sends it unsigned.
	Keys *signing.Keyring
	// Log receives what goes wrong; the zero value is silent.
	Log zerolog.Logger
}

// Kafka is a Client of a Kafka cluster.
type Kafka struct {
	brokers   []string
	log       zerolog.Logger
	link      *link
	transport *kafka.Transport
	client    *kafka.Client
	sasl      sasl.Mechanism
	keys      *signing.Keyring
	queue     *queue
	stop      context.CancelFunc
	done      chan struct{}

	consumed, oversizedIn, oversizedOut, gaps, published, failed atomic.Uint64

	mu         sync.Mutex
	complained map[string]time.Time
}

var _ Client = (*Kafka)(nil)

// NewKafka returns a client. It does not connect until it has to.
func NewKafka(o Options) (*Kafka, error) {
	if len(o.Brokers) == 0 {
		return nil, errors.New("kafka client: no brokers given")
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	l := newLink(o.Log, o.Security.TLS)
	t := &kafka.Transport{Dial: l.dial, DialTimeout: dialTimeout, ClientID: "rubato", SASL: o.Security.SASL}
	ctx, stop := context.WithCancel(context.Background())
	k := &Kafka{
		brokers: o.Brokers, log: o.Log, link: l, transport: t,
		client: &kafka.Client{Addr: kafka.TCP(o.Brokers...), Transport: t, Timeout: requestTimeout},
		sasl:   o.Security.SASL, keys: o.Keys, queue: newQueue(o.Queue), stop: stop, done: make(chan struct{}),
		complained: make(map[string]time.Time),
	}
	go k.send(ctx)
	return k, nil
}

// Close implements Client.
func (k *Kafka) Close() {
	k.stop()
	<-k.done
	k.transport.CloseIdleConnections()
}

// Stats implements Client.
func (k *Kafka) Stats() Stats {
	return Stats{
		Published: k.published.Load(), Dropped: k.queue.droppedCount(), Failed: k.failed.Load(),
		Consumed: k.consumed.Load(), OversizedIn: k.oversizedIn.Load(), OversizedOut: k.oversizedOut.Load(),
		Gaps: k.gaps.Load(), Disconnects: k.link.disconnects.Load(), Away: k.link.away(),
	}
}

// EnsureTopics implements Client.
func (k *Kafka) EnsureTopics(ctx context.Context, partitions int, topics ...string) error {
	return k.persist(ctx, func(ctx context.Context) error {
		missing, err := k.missing(ctx, topics)
		if err != nil || len(missing) == 0 {
			return err
		}
		req := &kafka.CreateTopicsRequest{}
		for _, t := range missing {
			req.Topics = append(req.Topics, kafka.TopicConfig{
				Topic: t, NumPartitions: partitions, ReplicationFactor: -1,
			})
		}
		res, err := k.client.CreateTopics(ctx, req)
		if err != nil {
			return fmt.Errorf("create topics %v: %w", missing, err)
		}
		for _, t := range missing {
			if err := res.Errors[t]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
				return fmt.Errorf("create topic %s: %w", t, err)
			}
		}
		return nil
	})
}

// missing returns those of the topics that do not exist.
func (k *Kafka) missing(ctx context.Context, topics []string) ([]string, error) {
	meta, err := k.client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("look up topics %v: %w", topics, err)
	}
	exists := make(map[string]bool)
	for _, t := range meta.Topics {
		exists[t.Name] = t.Error == nil
	}
	var missing []string
	for _, t := range topics {
		if !exists[t] {
			missing = append(missing, t)
		}
	}
	return missing, nil
}

// EndOffsets implements Client.
func (k *Kafka) EndOffsets(ctx context.Context, topic string) (Positions, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	bounds, err := k.bounds(ctx, topic)
	if err != nil {
		return nil, err
	}
	ends := make(Positions, len(bounds))
	for p, b := range bounds {
		ends[p] = b.end
	}
	return ends, nil
}

// bound is what a partition holds: offsets from first up to end, not included.
type bound struct{ first, end int64 }

// bounds returns the bound of each partition of a topic.
func (k *Kafka) bounds(ctx context.Context, topic string) (map[int32]bound, error) {
	partitions, err := k.partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	var ask []kafka.OffsetRequest
	for _, p := range partitions {
		ask = append(ask, kafka.FirstOffsetOf(int(p)), kafka.LastOffsetOf(int(p)))
	}
	res, err := k.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		k.forget()
		return nil, fmt.Errorf("offsets of topic %s: %w", topic, err)
	}
	bounds := make(map[int32]bound, len(partitions))
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			k.forget()
			return nil, fmt.Errorf("offsets of topic %s, partition %d: %w", topic, p.Partition, p.Error)
		}
		bounds[int32(p.Partition)] = bound{p.FirstOffset, p.LastOffset}
	}
	return bounds, nil
}

// partitions returns the partitions of a topic.
func (k *Kafka) partitions(ctx context.Context, topic string) ([]int32, error) {
	meta, err := k.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err == nil && len(meta.Topics) == 1 {
		err = meta.Topics[0].Error
	}
	if err == nil && (len(meta.Topics) != 1 || len(meta.Topics[0].Partitions) == 0) {
		err = kafka.UnknownTopicOrPartition
	}
	if err != nil {
		k.forget()
		return nil, fmt.Errorf("partitions of topic %s: %w", topic, err)
	}
	var ps []int32
	for _, p := range meta.Topics[0].Partitions {
		ps = append(ps, int32(p.ID))
	}
	return ps, nil
}

// forget drops what is known of the cluster's layout, so that the next request
// learns it anew instead of waiting for the metadata's time to live.
func (k *Kafka) forget() { k.transport.CloseIdleConnections() }

// persist runs do until it succeeds, fails for good, or ctx ends. A broker that
// refuses us is asked less often: it may be mended without us.
func (k *Kafka) persist(ctx context.Context, do func(context.Context) error) error {
	closed := 0
	for pause := backoffMin; ; pause = min(2*pause, backoffMax) {
		attempt, cancel := context.WithTimeout(ctx, requestTimeout)
		err := do(attempt)
		cancel()
		switch {
		case err == nil:
			return nil
		case refused(err):
			k.complain("the broker and we do not accept each other: see kafka.protocol, kafka.tls and kafka.sasl", "", err)
			pause = max(pause, refusedPause)
		case permanent(err):
			return err
		case hungUp(err):
			if closed++; closed == closedOften {
				k.complain("the broker closes each connection: kafka.protocol may not be that of its listener", "", err)
			}
		}
		k.forget()
		if !sleep(ctx, pause) {
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		}
	}
}

// permanent tells whether trying again cannot help.
func permanent(err error) bool {
	var code kafka.Error
	return errors.As(err, &code) && !code.Temporary()
}

// complain logs trouble of one kind at most once a minute.
func (k *Kafka) complain(kind, topic string, err error) {
	k.mu.Lock()
	last, again := k.complained[kind+topic]
	now := time.Now()
	quiet := again && now.Sub(last) < complainEvery
	if !quiet {
		k.complained[kind+topic] = now
	}
	k.mu.Unlock()
	if !quiet {
		event := k.log.Warn().Err(err)
		if topic != "" {
			event = event.Str("topic", topic)
		}
		event.Msg(kind)
	}
}

// sleep waits for d; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
