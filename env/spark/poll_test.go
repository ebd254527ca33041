package spark

import (
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/goleak"

	"rubato/env"
	"rubato/env/arrivals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestABrokersAnswerBecomesTheBacklog(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(kversion.V3_5_0()), kfake.SeedTopics(1, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	addrs := broker.ListenAddrs()
	poller := arrivals.New(arrivals.Options{})
	t.Cleanup(poller.Close)
	tr := &kafka.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	writer := &kafka.Writer{Addr: kafka.TCP(addrs...), Topic: "orders", RequiredAcks: kafka.RequireAll, BatchSize: 7, Transport: tr}

	w, a := newWorld(t), newAgent(t, "shop/orders", "r1")
	w.feed(a.started(at(0), SourceOptions{Subscribe: "orders", Brokers: addrs[0]}))
	for i := range 2 {
		for _, s := range poller.Poll(t.Context(), 5*time.Second, w.Wanted()) {
			b, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			w.feed(env.Input{At: at(1 + float64(i)), Kind: env.InputOffsets, Value: b})
		}
		if err := writer.WriteMessages(t.Context(), make([]kafka.Message, 7)...); err != nil {
			t.Fatal(err)
		}
	}
	w.feed(tickAt(at(2)))
	if o := w.last().Observation; o.Outstanding != 7 || o.Sighted != 1 {
		t.Errorf("%v outstanding, sighted %v; want the 7 that were written between the polls", o.Outstanding, o.Sighted)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}
