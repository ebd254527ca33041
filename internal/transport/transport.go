package transport

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// MaxMessage is the largest message taken or sent, bytes of key and value.
const MaxMessage = 1 << 20

// Message is one record of a topic, as it was read. Key and Value belong to
// the receiver.
type Message struct {
	Topic     string
	Partition int32
	Offset    int64
	// End is the partition's end offset when the message was fetched: the
	// reader's lag is End - Offset - 1.
	End        int64
	Time       time.Time
	Key, Value []byte
}

// Positions holds the offset of the next message to take of each partition.
type Positions map[int32]int64

// Gap says that messages from offset From up to To (not included) of a
// partition are not to be had: the next position is To. To < From when the
// topic was made anew. A message over MaxMessage is a gap of one.
type Gap struct {
	Topic     string
	Partition int32
	From, To  int64
}

// Subscription asks for the messages of one topic.
type Subscription struct {
	Topic string
	// From are the positions to resume at. A partition that is missing starts
	// at its end, or at 0 where Earliest is set: what the broker no longer has is
	// a Gap.
	From     Positions
	Earliest bool
	// Message takes the messages of a partition in order. It and Gap are never
	// called at the same time within one subscription, and each offset that is
	// passed goes to one of them.
	Message func(Message)
	// Gap is told what was missed; nil to ignore it.
	Gap func(Gap)
}

// Record is one message to Produce. A zero Time is the time of writing.
type Record struct {
	Key, Value []byte
	Time       time.Time

	headers []kafka.Header
}

// Client reads and writes topics. Its methods may be called from many
// goroutines.
type Client interface {
	// EnsureTopics creates those of the topics that do not exist, with this
	// many partitions. It keeps trying while the broker is out of reach.
	EnsureTopics(ctx context.Context, partitions int, topics ...string) error
	// Consume takes messages until ctx ends, whatever befalls the broker.
	Consume(ctx context.Context, s Subscription)
	// EndOffsets returns the offset after the last message of each partition.
	// It does not try twice.
	EndOffsets(ctx context.Context, topic string) (Positions, error)
	// Publish queues a message, which is signed where the client has keys, and
	// returns at once. Messages of one key arrive
	// in the order they were published.
	Publish(topic string, key, value []byte)
	// Produce appends the records to a partition and returns the offset of the
	// first; the others follow without a hole.
	Produce(ctx context.Context, topic string, partition int32, records []Record) (int64, error)
	// Flush waits until everything published has been sent or given up.
	Flush(ctx context.Context) error
	// Stats are the counts since the client was made.
	Stats() Stats
	// Close drops what is still queued and frees everything. Calls of Consume
	// end with their own contexts.
	Close()
}

// Stats counts messages over the life of a Client.
type Stats struct {
	// Published were delivered, Dropped fell out of the full queue, Failed
	// could not be delivered in three attempts.
	Published, Dropped, Failed uint64
	// Consumed were handed over, OversizedIn and OversizedOut were skipped for
	// being larger than MaxMessage.
	Consumed, OversizedIn, OversizedOut uint64
	// Gaps counts reported gaps other than oversized messages, Disconnects how often an address of the
	// broker went out of reach.
	Gaps, Disconnects uint64
	// Away tells that no address of the broker that was tried can be reached.
	Away bool
}
