package spark

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxNumber bounds what is believed of a number in Spark's progress.
const maxNumber = 1e15

// Progress is what Rubato reads of Spark's StreamingQueryProgress. A field
// that is absent, wrong-typed, negative or absurd is missing: NaN never gets
// here. Durations are in milliseconds.
type Progress struct {
	// Rows is -1 where missing.
	Rows int64
	// AddBatchMs is how long the batch took; -1 where missing, as it is in a
	// trigger without a batch.
	AddBatchMs float64
	Sources    []SourceProgress
	// Bad counts fields that were there and not believed.
	Bad int
}

// SourceProgress is one source's part of a Progress.
type SourceProgress struct {
	Description string
	// Kafka tells that the source's offsets are Kafka's.
	Kafka bool
	// Start, End and Latest are sorted by topic and partition; end-exclusive;
	// empty where null (Start at batch 0) or not Kafka's.
	Start, End, Latest []PartitionOffset
	// Rows is -1 where missing.
	Rows int64
}

// PartitionOffset is an offset of one partition of a topic.
type PartitionOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// The parts of Spark's JSON, each read on its own so that one that is wrong
// does not take the others with it.
type (
	rawProgress struct {
		NumInputRows json.RawMessage `json:"numInputRows"`
		DurationMs   json.RawMessage `json:"durationMs"`
		Sources      json.RawMessage `json:"sources"`
	}
	rawDurations struct {
		AddBatch json.RawMessage `json:"addBatch"`
	}
	rawSource struct {
		Description  json.RawMessage `json:"description"`
		StartOffset  json.RawMessage `json:"startOffset"`
		EndOffset    json.RawMessage `json:"endOffset"`
		LatestOffset json.RawMessage `json:"latestOffset"`
		NumInputRows json.RawMessage `json:"numInputRows"`
	}
)

// DecodeProgress reads Spark's progress JSON. It fails only where that is not
// an object; whatever else is wrong in it is missing, and counted in Bad.
func DecodeProgress(b []byte) (*Progress, error) {
	var raw rawProgress
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("progress of %d bytes: %w", len(b), err)
	}
	p := new(Progress)
	p.Rows = p.count(raw.NumInputRows)
	var d rawDurations
	p.part(raw.DurationMs, &d)
	p.AddBatchMs = p.number(d.AddBatch)
	var sources []rawSource
	p.part(raw.Sources, &sources)
	for i := range sources {
		p.Sources = append(p.Sources, p.source(&sources[i]))
	}
	return p, nil
}

func (p *Progress) source(raw *rawSource) SourceProgress {
	s := SourceProgress{Description: p.text(raw.Description), Rows: p.count(raw.NumInputRows)}
	s.Kafka = kafkaDescription(s.Description)
	if !s.Kafka {
		_, err := kafkaOffsets(raw.EndOffset)
		s.Kafka = err == nil && present(raw.EndOffset)
	}
	if s.Kafka {
		s.Start, s.End, s.Latest = p.offsets(raw.StartOffset), p.offsets(raw.EndOffset), p.offsets(raw.LatestOffset)
	}
	return s
}

// kafkaDescription recognises KafkaV2[Subscribe[..]], KafkaV2[Assign[..]],
// and the same of the V1 source.
func kafkaDescription(d string) bool {
	return strings.HasPrefix(d, "KafkaV2[") || strings.HasPrefix(d, "KafkaSource[") ||
		strings.HasPrefix(d, "KafkaSourceV1[")
}

// part reads a structure, or leaves it zero.
func (p *Progress) part(raw json.RawMessage, into any) {
	if present(raw) && json.Unmarshal(raw, into) != nil {
		p.Bad++
	}
}

// number reads a believable number >= 0; -1 where there is none.
func (p *Progress) number(raw json.RawMessage) float64 {
	if !present(raw) {
		return -1
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > maxNumber {
		p.Bad++
		return -1
	}
	return f
}

func (p *Progress) count(raw json.RawMessage) int64 { return int64(p.number(raw)) }

func (p *Progress) text(raw json.RawMessage) string {
	var s string
	p.part(raw, &s)
	return s
}

func (p *Progress) offsets(raw json.RawMessage) []PartitionOffset {
	if !present(raw) {
		return nil
	}
	o, err := kafkaOffsets(raw)
	if err != nil {
		p.Bad++
	}
	return o
}

// kafkaOffsets reads {topic: {partition: offset}}, bare or within a string.
// Partitions whose offset is negative or absurd are left out, with an error.
func kafkaOffsets(raw json.RawMessage) ([]PartitionOffset, error) {
	var inner string
	if present(raw) && raw[0] == '"' {
		if err := json.Unmarshal(raw, &inner); err != nil {
			return nil, fmt.Errorf("offsets: %w", err)
		}
		raw = json.RawMessage(strings.TrimSpace(inner))
	}
	if !present(raw) || raw[0] != '{' {
		return nil, errors.New("offsets are not an object")
	}
	var topics map[string]map[int32]int64
	if err := json.Unmarshal(raw, &topics); err != nil {
		return nil, fmt.Errorf("offsets: %w", err)
	}
	var out []PartitionOffset
	var err error
	for topic, partitions := range topics {
		if partitions == nil {
			err = fmt.Errorf("offsets of topic %q are null", topic)
		}
		for partition, offset := range partitions {
			if partition < 0 || offset < 0 || offset > maxNumber {
				err = fmt.Errorf("offset %d of partition %d is out of range", offset, partition)
				continue
			}
			out = append(out, PartitionOffset{Topic: topic, Partition: partition, Offset: offset})
		}
	}
	slices.SortFunc(out, comparePartitions)
	return out, err
}

func comparePartitions(a, b PartitionOffset) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// present tells a value from an absent or null one.
func present(raw json.RawMessage) bool { return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
