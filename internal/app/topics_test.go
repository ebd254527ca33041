package app

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"rubato/internal/transport"
)

// cluster is a pretended broker, for what a whole one does not let be had.
func cluster(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, string) {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.Ports(0), kfake.MaxVersions(kversion.V3_5_0()), kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, c.ListenAddrs()[0]
}

func TestAPartitionThatRetentionHasEmptiedDoesNotHoldUpAFreshStore(t *testing.T) {
	_, addr := cluster(t, kfake.SeedTopics(2, "rubato.metrics"), kfake.SeedTopics(1, "rubato.decisions"))
	emptied(t, addr, "rubato.metrics", 1)
	b := newBench(t, addr, rule)
	a := b.start()
	d := drive(t, addr, "shop/orders", "run-1")
	d.commanded(0)
	a.Stop()
}

// emptied writes to a partition, and deletes what it holds.
func emptied(t *testing.T, addr, topic string, partition int32) {
	t.Helper()
	client, err := transport.NewKafka(transport.Options{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Produce(t.Context(), topic, partition, []transport.Record{{Key: []byte("shop/old"), Value: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	admin, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	all := kmsg.NewDeleteRecordsRequestTopicPartition()
	all.Partition, all.Offset = partition, -1
	of := kmsg.NewDeleteRecordsRequestTopic()
	of.Topic, of.Partitions = topic, append(of.Partitions, all)
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = append(req.Topics, of)
	if _, err := req.RequestWith(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
}

// As while the brokers of a cluster come up one by one.
func TestTopicsThatCannotBeMadeYetAreTriedAgain(t *testing.T) {
	c, addr := cluster(t)
	refused := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "rubato.metrics", Err: kerr.InvalidReplicationFactor, Count: 1})
	b := newBench(t, addr, rule)
	a := b.start()
	eventually(t, "the refusal to be told", func() bool { return refused.Hits() > 0 && b.logs.say("cannot be made") })
	d := drive(t, addr, "shop/orders", "run-1") // makes them: the cluster is whole now
	d.commanded(0)
	a.Stop()
}
