package arrivals

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// kafka.Client.ListOffsets sends one request a partition, and its Metadata
// answers from a cache of every topic of the cluster. These two types are the
// library's own requests, told to go as they are: one to each leader for all
// its partitions, and one for just the topics wanted.
type (
	offsetsRequest struct {
		ReplicaID      int32                      `kafka:"min=v1,max=v5"`
		IsolationLevel int8                       `kafka:"min=v2,max=v5"`
		Topics         []listoffsets.RequestTopic `kafka:"min=v1,max=v5"`
		leader         int32
	}
	metadataRequest  struct{ topics []string }
	metadataResponse struct{ *metadata.Response }
)

// ApiKey and Broker implement protocol.BrokerMessage.
func (*offsetsRequest) ApiKey() protocol.ApiKey { return protocol.ListOffsets } //nolint:revive // the interface has this name

// Broker routes the request to the leader that it was made for.
func (r *offsetsRequest) Broker(protocol.Cluster) (protocol.Broker, error) {
	return protocol.Broker{ID: r.leader}, nil
}

// ApiKey implements protocol.Message.
func (*metadataRequest) ApiKey() protocol.ApiKey { return protocol.Metadata } //nolint:revive // the interface has this name

// Split implements protocol.Splitter, which the library sends past its cache.
func (r *metadataRequest) Split(protocol.Cluster) ([]protocol.Message, protocol.Merger, error) {
	return []protocol.Message{&metadata.Request{TopicNames: r.topics}}, metadataResponse{}, nil
}

// Merge implements protocol.Merger: there is one result.
func (metadataResponse) Merge(_ []protocol.Message, results []any) (protocol.Message, error) {
	m, err := protocol.Result(results[0])
	if err != nil {
		return nil, err
	}
	r, ok := m.(*metadata.Response)
	if !ok {
		return nil, fmt.Errorf("answered with %T", m)
	}
	return metadataResponse{r}, nil
}

var (
	_ protocol.Splitter      = (*metadataRequest)(nil)
	_ protocol.BrokerMessage = (*offsetsRequest)(nil)
)

// layout is where the partitions wanted are led.
type layout struct {
	leaders []leader
	// partial is set where a topic or a leader is missing.
	partial bool
}

// leader is a broker and the partitions to ask it for.
type leader struct {
	id     int32
	topics []listoffsets.RequestTopic
}

// askLayout learns from the brokers who leads the topics.
func askLayout(ctx context.Context, rt kafka.RoundTripper, addr net.Addr, topics []string) (layout, error) {
	res, err := rt.RoundTrip(ctx, addr, &metadataRequest{topics: topics})
	if err != nil {
		return layout{}, fmt.Errorf("ask %s for metadata: %w", addr, err)
	}
	m, ok := res.(metadataResponse)
	if !ok {
		return layout{}, fmt.Errorf("ask %s for metadata: answered with %T", addr, res)
	}
	var l layout
	slices.SortFunc(m.Topics, func(a, b metadata.ResponseTopic) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range m.Topics {
		l.partial = l.partial || t.ErrorCode != 0
		for _, p := range t.Partitions {
			if p.LeaderID < 0 {
				l.partial = true
				continue
			}
			l.add(p.LeaderID, t.Name, p.PartitionIndex)
		}
	}
	return l, nil
}

func (l *layout) add(id int32, topic string, partition int32) {
	i := slices.IndexFunc(l.leaders, func(x leader) bool { return x.id == id })
	if i < 0 {
		i, l.leaders = len(l.leaders), append(l.leaders, leader{id: id})
	}
	topics := &l.leaders[i].topics
	if n := len(*topics); n == 0 || (*topics)[n-1].Topic != topic {
		*topics = append(*topics, listoffsets.RequestTopic{Topic: topic})
	}
	t := &(*topics)[len(*topics)-1]
	t.Partitions = append(t.Partitions, listoffsets.RequestPartition{
		Partition: partition, CurrentLeaderEpoch: -1, Timestamp: kafka.LastOffset,
	})
}

// end is one partition's answer.
type end struct {
	topic     string
	partition int32
	offset    int64
}

// askOffsets asks one leader for the ends of all its partitions. refused
// counts partitions that it answered with an error: it no longer leads them,
// or they are gone.
func askOffsets(ctx context.Context, rt kafka.RoundTripper, addr net.Addr, l leader) (ends []end, refused int, err error) {
	res, err := rt.RoundTrip(ctx, addr, &offsetsRequest{ReplicaID: -1, Topics: l.topics, leader: l.id})
	if err != nil {
		return nil, 0, fmt.Errorf("ask broker %d of %s for offsets: %w", l.id, addr, err)
	}
	r, ok := res.(*listoffsets.Response)
	if !ok {
		return nil, 0, fmt.Errorf("ask broker %d of %s for offsets: answered with %T", l.id, addr, res)
	}
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 || p.Offset < 0 || p.Partition < 0 {
				refused++
				continue
			}
			ends = append(ends, end{topic: t.Topic, partition: p.Partition, offset: p.Offset})
		}
	}
	return ends, refused, nil
}
