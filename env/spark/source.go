package spark

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"rubato/env/arrivals"
)

// Reader is a Kafka source of a query: where its topics live and which of them
// it reads. It is what started and progress messages have told so far.
type Reader struct {
	// Brokers is the canonical name of the broker set that the job named.
	Brokers string `json:"brokers"`
	// Topics are sorted.
	Topics []string `json:"topics"`
	// Assigned are the only partitions read, sorted; none means all.
	Assigned []PartitionOffset `json:"assigned,omitempty"`
	// Kafka is false for a source of another kind: it has no end offsets.
	Kafka bool `json:"kafka"`
	// Max and Min are the options maxOffsetsPerTrigger and
	// minOffsetsPerTrigger, 0 for none.
	Max int64 `json:"max"`
	Min int64 `json:"min"`
}

// maxTopics bounds the topics that progress can add to a source.
const maxTopics = 4096

// newReader reads a source's options. A wrong option is the job's own affair:
// it is taken as absent.
func newReader(s Source) Reader {
	o := s.Options
	r := Reader{
		Brokers: arrivals.Set([]string{o.Brokers}),
		Max:     limit(o.MaxOffsetsPerTrigger), Min: limit(o.MinOffsetsPerTrigger),
	}
	r.Kafka = r.Brokers != "" || o.Subscribe != "" || o.SubscribePattern != "" || o.Assign != "" ||
		strings.HasPrefix(strings.ToLower(s.Name), "kafka")
	for topic := range strings.SplitSeq(o.Subscribe, ",") {
		if topic = strings.TrimSpace(topic); topic != "" {
			r.Topics = append(r.Topics, topic)
		}
	}
	var assigned map[string][]int32
	if o.Assign != "" && json.Unmarshal([]byte(o.Assign), &assigned) == nil {
		for _, topic := range sortedKeys(assigned) {
			r.Topics = append(r.Topics, topic)
			for _, p := range assigned[topic] {
				r.Assigned = append(r.Assigned, PartitionOffset{Topic: topic, Partition: p})
			}
		}
		slices.SortFunc(r.Assigned, comparePartitions)
	}
	slices.Sort(r.Topics)
	r.Topics = slices.Compact(r.Topics)
	return r
}

func limit(option string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(option), 10, 64)
	if err != nil || n < 0 || n > maxNumber {
		return 0
	}
	return n
}

// learn takes in the topics that a progress message names.
func (r *Reader) learn(s *SourceProgress) {
	if !s.Kafka {
		return
	}
	r.Kafka = true
	for _, p := range s.End {
		if len(r.Topics) >= maxTopics {
			return
		}
		if i, ok := slices.BinarySearch(r.Topics, p.Topic); !ok {
			r.Topics = slices.Insert(r.Topics, i, p.Topic)
		}
	}
}

// reads tells whether the source reads a partition.
func (r *Reader) reads(topic string, partition int32) bool {
	if _, ok := slices.BinarySearch(r.Topics, topic); !ok {
		return false
	}
	if len(r.Assigned) == 0 {
		return true
	}
	_, ok := slices.BinarySearchFunc(r.Assigned, PartitionOffset{Topic: topic, Partition: partition}, comparePartitions)
	return ok
}

// caps sums maxOffsetsPerTrigger and minOffsetsPerTrigger over the sources; a
// source without the former leaves the query without a cap.
func caps(readers []Reader) (limit, floor float64) {
	capped := len(readers) > 0
	for i := range readers {
		capped = capped && readers[i].Max > 0
		limit += float64(readers[i].Max)
		floor += float64(readers[i].Min)
	}
	if !capped {
		limit = 0
	}
	return limit, floor
}
