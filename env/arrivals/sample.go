package arrivals

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxSample is the size above which a sample is refused unread, bytes.
const MaxSample = 16 << 20

// Wanted are topics to ask one broker set about.
type Wanted struct {
	// Brokers are host:port, sorted; Topics sorted.
	Brokers, Topics []string
}

// Set is the canonical name of a broker set: its addresses, sorted, without
// repetition, joined by commas.
func Set(brokers []string) string {
	var out []string
	for _, b := range brokers {
		for part := range strings.SplitSeq(b, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ",")
}

// Sample is what one broker set answered.
type Sample struct {
	V int `json:"v"`
	// Brokers is the set's canonical name.
	Brokers string `json:"brokers"`
	// Topics are sorted by name.
	Topics []Topic `json:"topics"`
}

// Topic is a topic's part of a sample.
type Topic struct {
	Name string `json:"name"`
	// Partitions are sorted by id.
	Partitions []Partition `json:"partitions"`
}

// Partition is a partition's end offset.
type Partition struct {
	ID  int32 `json:"id"`
	End int64 `json:"end"`
}

// Encode returns the sample's canonical JSON: the same sample, the same bytes.
func (s *Sample) Encode() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode offsets of %s: %w", s.Brokers, err)
	}
	return b, nil
}

// Decode reads a sample and checks its order and ranges.
func Decode(b []byte) (*Sample, error) {
	if len(b) > MaxSample {
		return nil, fmt.Errorf("offsets sample of %d bytes: the limit is %d", len(b), MaxSample)
	}
	s := new(Sample)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("offsets sample of %d bytes: %w", len(b), err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("offsets sample of %q: %w", s.Brokers, err)
	}
	return s, nil
}

func (s *Sample) check() error {
	if s.V != 1 {
		return fmt.Errorf("version %d: want 1", s.V)
	}
	if s.Brokers == "" {
		return errors.New("no brokers")
	}
	for i, t := range s.Topics {
		if i > 0 && t.Name <= s.Topics[i-1].Name {
			return fmt.Errorf("topic %q out of order", t.Name)
		}
		for j, p := range t.Partitions {
			if p.ID < 0 || p.End < 0 || (j > 0 && p.ID <= t.Partitions[j-1].ID) {
				return fmt.Errorf("topic %q: partition %d at %d is out of order or range", t.Name, p.ID, p.End)
			}
		}
	}
	return nil
}
