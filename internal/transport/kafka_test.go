package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/goleak"

	"rubato/internal/broker"
	"rubato/internal/transport"
	"rubato/internal/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

func connect(t testing.TB, addr string, log zerolog.Logger, queue int) *transport.Kafka {
	t.Helper()
	k, err := transport.NewKafka(transport.Options{Brokers: []string{addr}, Queue: queue, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func startBroker(t testing.TB, o broker.Options) *broker.Broker {
	t.Helper()
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// freePort returns a port on which nobody listens.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().(*net.TCPAddr).Port
}

// journal is a log that a test can read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) count(message string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.b.String(), message)
}

// eventually waits for what must come true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

func TestKafkaKeepsThePromisesOfAClient(t *testing.T) {
	transporttest.Promises(t, func(t *testing.T) transport.Client {
		// Unlike the embedded broker, this one takes messages that are too
		// large for us.
		c, err := kfake.NewCluster(kfake.Ports(0), kfake.MaxVersions(kversion.V3_5_0()),
			kfake.BrokerConfigs(map[string]string{"message.max.bytes": "4000000"}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return connect(t, c.ListenAddrs()[0], zerolog.Nop(), 2000)
	})
}

func TestNoBrokersIsAnError(t *testing.T) {
	if _, err := transport.NewKafka(transport.Options{}); err == nil {
		t.Fatal("no error")
	}
}

func TestWaitsForABrokerThatIsAbsentAtTheStart(t *testing.T) {
	port := freePort(t)
	var log journal
	k := connect(t, fmt.Sprintf("127.0.0.1:%d", port), zerolog.New(&log), 0)
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "a", Earliest: true})
	ensured := make(chan error, 1)
	go func() { ensured <- k.EnsureTopics(bounded(t), 1, "a") }()
	if _, err := k.EndOffsets(bounded(t), "a"); err == nil {
		t.Fatal("end offsets without a broker")
	}
	k.Publish("a", nil, []byte("lost"))
	eventually(t, "a delivery fails", func() bool { return k.Stats().Failed == 1 })

	startBroker(t, broker.Options{Port: port})
	if err := <-ensured; err != nil {
		t.Fatal(err)
	}
	k.Publish("a", nil, []byte("kept"))
	if vs := transporttest.Values(got.Messages(t, 1)); !slices.Equal(vs, []string{"kept"}) {
		t.Fatalf("got %v", vs)
	}
	if down, up := log.count("out of reach"), log.count("is back"); down != 1 || up != 1 {
		t.Fatalf("said %d times that it is away and %d times that it is back:\n%s", down, up, log.b.String())
	}
}

func TestRecoversWhenTheBrokerComesBack(t *testing.T) {
	folder, port := t.TempDir(), freePort(t)
	b := startBroker(t, broker.Options{Port: port, Folder: folder})
	var log journal
	k := connect(t, b.Addr(), zerolog.New(&log), 0)
	ctx := bounded(t)
	if err := k.EnsureTopics(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "a", Earliest: true})
	for round := 1; round <= 3; round++ {
		k.Publish("a", nil, fmt.Appendf(nil, "round %d", round))
		got.Messages(t, round)
		b.Close()
		k.Publish("a", nil, []byte("lost"))
		eventually(t, "a delivery fails", func() bool { return k.Stats().Failed == uint64(round) })
		if _, err := k.EndOffsets(ctx, "a"); err == nil {
			t.Fatal("end offsets without a broker")
		}
		eventually(t, "it says that the broker is away", func() bool { return log.count("out of reach") == round })
		if !k.Stats().Away {
			t.Error("it does not tell that no broker is left")
		}
		b = startBroker(t, broker.Options{Port: port, Folder: folder})
		eventually(t, "it says that the broker is back", func() bool { return log.count("is back") == round })
		if k.Stats().Away {
			t.Error("it does not tell that the broker is back")
		}
	}
	k.Publish("a", nil, []byte("last"))
	vs := transporttest.Values(got.Messages(t, 4))
	if !slices.Equal(vs, []string{"round 1", "round 2", "round 3", "last"}) {
		t.Fatalf("got %v", vs)
	}
	if down := log.count("out of reach"); down != 3 || k.Stats().Disconnects != 3 {
		t.Fatalf("said %d times that it is away:\n%s", down, log.b.String())
	}
	if gs := got.Gaps(); len(gs) != 0 {
		t.Fatalf("gaps %+v", gs)
	}
}

func TestTopicMadeAnewIsReadFromItsFirstMessage(t *testing.T) {
	port := freePort(t)
	b := startBroker(t, broker.Options{Port: port}) // in memory: a restart forgets
	k := connect(t, b.Addr(), zerolog.Nop(), 0)
	ctx := bounded(t)
	if err := k.EnsureTopics(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "a", Earliest: true})
	for range 5 {
		k.Publish("a", nil, []byte("old"))
	}
	got.Messages(t, 5)
	b.Close()
	startBroker(t, broker.Options{Port: port})
	if err := k.EnsureTopics(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	k.Publish("a", nil, []byte("new"))
	if vs := transporttest.Values(got.Messages(t, 6)); vs[5] != "new" {
		t.Fatalf("got %v", vs)
	}
	if gs := got.Gaps(); !slices.Equal(gs, []transport.Gap{{Topic: "a", From: 5, To: 0}}) {
		t.Fatalf("gaps %+v", gs)
	}
}

func TestMessagesThatRetentionTookAreAGap(t *testing.T) {
	c, err := kfake.NewCluster(kfake.Ports(0), kfake.MaxVersions(kversion.V3_5_0()),
		kfake.BrokerConfigs(map[string]string{"log.retention.bytes": "3000"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	k := connect(t, c.ListenAddrs()[0], zerolog.Nop(), 0)
	ctx := bounded(t)
	if err := k.EnsureTopics(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := k.Produce(ctx, "a", 0, []transport.Record{{Value: make([]byte, 930)}}); err != nil {
			t.Fatal(err)
		}
	}
	c.ApplyRetention()
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "a", From: transport.Positions{0: 2}})
	first := got.Messages(t, 1)[0].Offset
	if first <= 2 {
		t.Fatalf("nothing was taken: first offset %d", first)
	}
	if gs := got.Gaps(); !slices.Equal(gs, []transport.Gap{{Topic: "a", From: 2, To: first}}) {
		t.Fatalf("gaps %+v", gs)
	}
}

func TestFullQueueDropsItsOldestAndPublishNeverWaits(t *testing.T) {
	port := freePort(t)
	k := connect(t, fmt.Sprintf("127.0.0.1:%d", port), zerolog.Nop(), 10)
	for i := range 1000 {
		k.Publish("a", []byte("k"), fmt.Append(nil, i))
	}
	if s := k.Stats(); s.Dropped+s.Failed < 700 || s.Dropped == 0 {
		t.Fatalf("got %+v", s)
	}
	startBroker(t, broker.Options{Port: port})
	ctx := bounded(t)
	if err := k.EnsureTopics(ctx, 1, "a"); err != nil {
		t.Fatal(err)
	}
	if err := k.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	k.Publish("a", []byte("k"), []byte("end"))
	if err := k.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	s := k.Stats()
	if total := s.Published + s.Dropped + s.Failed; total != 1001 {
		t.Fatalf("%d of 1001 messages are accounted for: %+v", total, s)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	k := connect(t, fmt.Sprintf("127.0.0.1:%d", freePort(t)), zerolog.Nop(), 0)
	k.Publish("a", nil, []byte("x"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := k.Flush(ctx); err == nil {
		t.Fatal("flushed without a broker")
	}
}

func TestKeysKeepTheirPartition(t *testing.T) {
	b := startBroker(t, broker.Options{})
	k := connect(t, b.Addr(), zerolog.Nop(), 0)
	ctx := bounded(t)
	if err := k.EnsureTopics(ctx, 4, "a"); err != nil {
		t.Fatal(err)
	}
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "a", Earliest: true})
	for i := range 200 {
		k.Publish("a", fmt.Appendf(nil, "key %d", i%10), fmt.Append(nil, i))
	}
	home := make(map[string]int32)
	last := make(map[string]int)
	for _, m := range got.Messages(t, 200) {
		key := string(m.Key)
		if p, known := home[key]; known && p != m.Partition {
			t.Fatalf("%s is in partitions %d and %d", key, p, m.Partition)
		}
		home[key] = m.Partition
		var i int
		if _, err := fmt.Sscan(string(m.Value), &i); err != nil || i < last[key] {
			t.Fatalf("%s: %d after %d, %v", key, i, last[key], err)
		}
		last[key] = i
	}
}

// BenchmarkRoundTrip is a message there and an answer back over two topics of
// the embedded broker: what a decision's way costs, the deciding left out.
func BenchmarkRoundTrip(b *testing.B) {
	srv := startBroker(b, broker.Options{Folder: b.TempDir()})
	near, far := connect(b, srv.Addr(), zerolog.Nop(), 0), connect(b, srv.Addr(), zerolog.Nop(), 0)
	ctx, cancel := context.WithCancel(bounded(b))
	if err := near.EnsureTopics(ctx, 1, "there", "back"); err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		far.Consume(ctx, transport.Subscription{Topic: "there", Earliest: true, Message: func(m transport.Message) {
			far.Publish("back", m.Key, m.Value)
		}})
	})
	back := make(chan struct{}, 1)
	wg.Go(func() {
		near.Consume(ctx, transport.Subscription{Topic: "back", Earliest: true, Message: func(transport.Message) {
			back <- struct{}{}
		}})
	})
	value := make([]byte, 700)
	once := func() time.Duration {
		at := time.Now()
		near.Publish("there", []byte("q"), value)
		<-back
		return time.Since(at)
	}
	for range 20 {
		once()
	}
	var took []time.Duration
	for b.Loop() {
		took = append(took, once())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
