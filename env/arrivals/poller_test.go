package arrivals

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/goleak"
)

// patience bounds every poll that is to be answered.
const patience = 5 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broker starts an in-process Kafka; ports keep their place over a restart.
func broker(t *testing.T, brokers int, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(brokers), kfake.MaxVersions(kversion.V3_5_0()),
	}, opts...)...)
	if err != nil {
		t.Fatalf("start broker: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// produce writes n records to one partition.
func produce(t *testing.T, addrs []string, topic string, partition, n int) {
	t.Helper()
	tr := &kafka.Transport{}
	w := &kafka.Writer{
		Addr: kafka.TCP(addrs...), Topic: topic, RequiredAcks: kafka.RequireAll, BatchSize: n, Transport: tr,
		Balancer: kafka.BalancerFunc(func(kafka.Message, ...int) int { return partition }),
	}
	defer tr.CloseIdleConnections()
	msgs := make([]kafka.Message, n)
	for i := range msgs {
		msgs[i].Value = fmt.Appendf(nil, "record %d", i)
	}
	if err := w.WriteMessages(t.Context(), msgs...); err != nil {
		t.Fatalf("produce to %s: %v", topic, err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("close writer: %v", err)
	}
}

func poller(t *testing.T, o Options) *Poller {
	t.Helper()
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

// ends flattens samples for comparison.
func ends(samples []Sample) string {
	var out []string
	for _, s := range samples {
		for _, topic := range s.Topics {
			for _, p := range topic.Partitions {
				out = append(out, fmt.Sprintf("%s/%d=%d", topic.Name, p.ID, p.End))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestPollTellsTheEndOfEveryPartition(t *testing.T) {
	c := broker(t, 1, kfake.SeedTopics(2, "orders", "clicks"))
	addrs := c.ListenAddrs()
	produce(t, addrs, "orders", 0, 7)
	produce(t, addrs, "orders", 1, 3)
	produce(t, addrs, "clicks", 1, 5)
	p := poller(t, Options{})
	got := ends(p.Poll(t.Context(), patience, []Wanted{{Brokers: addrs, Topics: []string{"orders", "clicks"}}}))
	if want := "clicks/0=0 clicks/1=5 orders/0=7 orders/1=3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	produce(t, addrs, "clicks", 0, 2)
	got = ends(p.Poll(t.Context(), patience, []Wanted{{Brokers: addrs, Topics: []string{"orders", "clicks"}}}))
	if want := "clicks/0=2 clicks/1=5 orders/0=7 orders/1=3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOneRequestGoesToEachBrokerForAllQueries(t *testing.T) {
	c := broker(t, 3, kfake.SeedTopics(12, "a", "b", "c"))
	var asked, described atomic.Int64
	var everything atomic.Bool
	c.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	c.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		described.Add(1)
		if m, ok := r.(*kmsg.MetadataRequest); ok && m.Topics == nil {
			everything.Store(true)
		}
		return nil, nil, false
	})
	addrs := c.ListenAddrs()
	wanted := []Wanted{
		{Brokers: addrs, Topics: []string{"a", "b"}},
		{Brokers: []string{strings.Join(addrs, " , ")}, Topics: []string{"b", "c"}},
	}
	p := poller(t, Options{})
	const polls = 5
	for range polls {
		samples := p.Poll(t.Context(), patience, wanted)
		if len(samples) != 1 || strings.Count(ends(samples), "=") != 36 {
			t.Fatalf("got %d samples with %s, want one of 36 partitions", len(samples), ends(samples))
		}
	}
	if asked.Load() != 3*polls {
		t.Errorf("%d offset requests for %d polls of 3 brokers, want %d", asked.Load(), polls, 3*polls)
	}
	if described.Load() != 2 || everything.Load() {
		t.Errorf("%d metadata requests (all topics: %v), want 2 that name their topics", described.Load(), everything.Load())
	}
}

func TestNewPartitionsAndTopicsAreFound(t *testing.T) {
	c := broker(t, 1, kfake.SeedTopics(1, "old"))
	addrs := c.ListenAddrs()
	now := time.Unix(1000, 0)
	var log bytes.Buffer
	p := poller(t, Options{Now: func() time.Time { return now }, Log: zerolog.New(&log)})
	wanted := []Wanted{{Brokers: addrs, Topics: []string{"old", "young"}}}
	if got := ends(p.Poll(t.Context(), patience, wanted)); got != "old/0=0" {
		t.Fatalf("got %s", got)
	}
	if err := c.CreateTopic("young", 1, nil); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	if got := ends(p.Poll(t.Context(), patience, wanted)); got != "old/0=0 young/0=0" {
		t.Errorf("a second after the topic came: got %s", got)
	}
	grow(t, addrs, "old", 3)
	now = now.Add(31 * time.Second)
	if got := ends(p.Poll(t.Context(), patience, wanted)); got != "old/0=0 old/1=0 old/2=0 young/0=0" {
		t.Errorf("a refresh after the partitions came: got %s", got)
	}
	if err := c.DeleteTopic("old"); err != nil {
		t.Fatal(err)
	}
	if got := ends(p.Poll(t.Context(), patience, wanted)); got != "young/0=0" {
		t.Errorf("after the topic went: got %s", got)
	}
	if log.Len() > 0 {
		t.Errorf("a topic that is not there is no failure of the broker: %s", log.String())
	}
}

func grow(t *testing.T, addrs []string, topic string, partitions int32) {
	t.Helper()
	tr := &kafka.Transport{}
	defer tr.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addrs...), Transport: tr}
	_, err := client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: partitions}},
	})
	if err != nil {
		t.Fatalf("grow %s: %v", topic, err)
	}
}

func TestBrokerGoneIsNamedOnceAndBackIsNamedOnce(t *testing.T) {
	dir := t.TempDir()
	c := broker(t, 1, kfake.SeedTopics(1, "orders"), kfake.DataDir(dir))
	other := broker(t, 1, kfake.SeedTopics(1, "clicks"))
	addrs := c.ListenAddrs()
	produce(t, addrs, "orders", 0, 4)
	var log bytes.Buffer
	p := poller(t, Options{Log: zerolog.New(&log)})
	wanted := []Wanted{
		{Brokers: addrs, Topics: []string{"orders"}},
		{Brokers: other.ListenAddrs(), Topics: []string{"clicks"}},
	}
	if got := ends(p.Poll(t.Context(), patience, wanted)); !strings.Contains(got, "orders/0=4") || !strings.Contains(got, "clicks/0=0") {
		t.Fatalf("got %s", got)
	}
	c.Close()
	for range 3 {
		if got := ends(p.Poll(t.Context(), patience, wanted)); got != "clicks/0=0" {
			t.Errorf("with one broker gone: got %s, want the other's", got)
		}
	}
	if told := log.String(); strings.Count(told, "\n") != 1 || !strings.Contains(told, Set(addrs)) {
		t.Errorf("told %q, want that %v failed", told, addrs)
	}
	_, port, err := net.SplitHostPort(addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	back := broker(t, 1, kfake.Ports(atoi(t, port)), kfake.DataDir(dir))
	produce(t, back.ListenAddrs(), "orders", 0, 2)
	if got := ends(p.Poll(t.Context(), patience, wanted)); !strings.Contains(got, "orders/0=6") {
		t.Errorf("with the broker back: got %s", got)
	}
	if warn, info := strings.Count(log.String(), `"warn"`), strings.Count(log.String(), `"info"`); warn != 1 || info != 1 {
		t.Errorf("logged %d warnings and %d recoveries, want one each:\n%s", warn, info, log.String())
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPollEndsWithItsDeadlineWhereTheBrokerIsSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	}()
	var log bytes.Buffer
	p := New(Options{Log: zerolog.New(&log)})
	samples := p.Poll(t.Context(), 50*time.Millisecond, []Wanted{{Brokers: []string{l.Addr().String()}, Topics: []string{"orders"}}})
	if len(samples) != 0 || strings.Count(log.String(), `"warn"`) != 1 {
		t.Errorf("got %v from a silent broker, and told %q", samples, log.String())
	}
	p.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPollEndsWithItsContext(t *testing.T) {
	c := broker(t, 1, kfake.SeedTopics(1, "orders"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := poller(t, Options{})
	if got := p.Poll(ctx, patience, []Wanted{{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}}); len(got) != 0 {
		t.Errorf("got %v after the context ended", got)
	}
}

func TestSetsNoLongerWantedAreLeft(t *testing.T) {
	c := broker(t, 1, kfake.SeedTopics(1, "orders"))
	p := poller(t, Options{})
	p.Poll(t.Context(), patience, []Wanted{{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}})
	if got := p.Poll(t.Context(), patience, nil); len(got) != 0 || len(p.clusters) != 0 {
		t.Errorf("got %v and kept %d sets", got, len(p.clusters))
	}
}

// witness is a mechanism that notes that a password was asked for.
type witness struct{ asked atomic.Bool }

func (w *witness) Name() string { return "PLAIN" }

func (w *witness) Start(context.Context) (sasl.StateMachine, []byte, error) {
	w.asked.Store(true)
	return nil, nil, errors.New("no password is given in a test")
}

func TestAPasswordIsSentToSecuredBrokersAlone(t *testing.T) {
	c := broker(t, 1, kfake.SeedTopics(1, "orders"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "a", "b"))
	for _, secured := range []bool{false, true} {
		var w witness
		p := poller(t, Options{SASL: &w, Secured: func(address string) bool { return secured && address == c.ListenAddrs()[0] }})
		if got := p.Poll(t.Context(), patience, []Wanted{{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}}); len(got) != 0 {
			t.Errorf("an answer without a login: %v", got)
		}
		if w.asked.Load() != secured {
			t.Errorf("secured %t, a password was asked for: %t", secured, w.asked.Load())
		}
	}
}

// slow is a listener whose connections take a while over each answer.
type slow struct {
	net.Listener
	answer time.Duration
	made   *atomic.Int64
}

func (l slow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.made.Add(1)
		c = slowConn{c, l.answer}
	}
	return c, err
}

type slowConn struct {
	net.Conn
	answer time.Duration
}

func (c slowConn) Write(b []byte) (int, error) {
	time.Sleep(c.answer)
	return c.Conn.Write(b)
}

// A connection takes several round trips to make: the first polls end before.
func TestABrokerThatAnswersWithinAPollIsHeardThoughConnectingTakesLonger(t *testing.T) {
	var made atomic.Int64
	c := broker(t, 1, kfake.SeedTopics(1, "orders"), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		return slow{l, 100 * time.Millisecond, &made}, err
	}))
	p := poller(t, Options{})
	wanted := []Wanted{{Brokers: c.ListenAddrs(), Topics: []string{"orders"}}}
	for polls := 0; ends(p.Poll(t.Context(), 200*time.Millisecond, wanted)) != "orders/0=0"; polls++ {
		if polls == tooLate-1 {
			t.Fatalf("no answer in %d polls, over %d connections", polls, made.Load())
		}
	}
}
