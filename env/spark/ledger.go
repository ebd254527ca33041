package spark

import (
	"cmp"
	"slices"

	"rubato/env/arrivals"
)

// Ledger keeps the offsets of one query's Kafka partitions and adds them up.
// Neither sum goes back, and what is outstanding is never negative.
type Ledger struct {
	// Entries are sorted by source, topic, and partition.
	Entries []Entry `json:"entries"`
	// Arrived and Committed are cumulative events: their difference is what is
	// outstanding.
	Arrived   float64 `json:"arrived"`
	Committed float64 `json:"committed"`
	// Based is set once a batch has told where the query stood.
	Based bool `json:"based"`
}

// Entry is one partition as one source reads it.
type Entry struct {
	Source    int    `json:"source"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	// End is the broker's end offset as far as known, Done the offset that
	// committed batches reached. While Guessed, no batch has told: Done is
	// where the partition was first seen.
	End     int64 `json:"end"`
	Done    int64 `json:"done"`
	Guessed bool  `json:"guessed"`
	// Missed counts the batches that did not name a partition that only the
	// broker told of. After unread of them the query does not read it.
	Missed int `json:"missed"`
}

// unread is how many batches may leave out a partition that the query reads.
const unread = 3

func compareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

func (l *Ledger) find(source int, topic string, partition int32) (int, bool) {
	key := Entry{Source: source, Topic: topic, Partition: partition}
	return slices.BinarySearchFunc(l.Entries, key, compareEntries)
}

// entry finds a partition, or makes a place for it.
func (l *Ledger) entry(source int, topic string, partition int32) (e *Entry, fresh bool) {
	i, ok := l.find(source, topic, partition)
	if !ok {
		l.Entries = slices.Insert(l.Entries, i, Entry{Source: source, Topic: topic, Partition: partition})
	}
	return &l.Entries[i], !ok
}

// outstanding is arrived and not committed, events.
func (l *Ledger) outstanding() float64 {
	n := 0.0
	for i := range l.Entries {
		n += float64(l.Entries[i].End - l.Entries[i].Done)
	}
	return n
}

// Sight takes in the ends of the topics that a source reads. A topic that the
// sample leaves out keeps what it had. Where the source had no partition yet
// the ends are a beginning, and what a batch then tells of it is believed;
// a partition that comes up later is all news.
func (l *Ledger) Sight(source int, topics []arrivals.Topic, reads func(topic string, partition int32) bool) {
	first := !slices.ContainsFunc(l.Entries, func(e Entry) bool { return e.Source == source })
	for _, t := range topics {
		for _, p := range t.Partitions {
			if !reads(t.Name, p.ID) {
				continue
			}
			e, fresh := l.entry(source, t.Name, p.ID)
			switch {
			case e.Missed >= unread:
				e.End, e.Done = p.End, p.End
			case fresh:
				e.End, e.Guessed = p.End, true
				if first {
					e.Done = p.End
				}
				l.Arrived += float64(p.End)
			case p.End < e.End: // recreated or cut
				e.End, e.Done = p.End, min(e.Done, p.End)
			default:
				l.raise(e, p.End)
			}
		}
	}
	l.sum()
}

// Raise takes in ends that a message happened to carry.
func (l *Ledger) Raise(source int, ends []PartitionOffset) {
	for _, p := range ends {
		if i, ok := l.find(source, p.Topic, p.Partition); ok {
			l.raise(&l.Entries[i], p.Offset)
		}
	}
	l.sum()
}

func (l *Ledger) raise(e *Entry, end int64) {
	if end > e.End {
		l.Arrived += float64(end - e.End)
		e.End = end
	}
}

// Commit takes in where a committed batch ended. Partitions that the batch no
// longer names are gone.
func (l *Ledger) Commit(source int, ends []PartitionOffset) {
	if len(ends) == 0 {
		return
	}
	kept := l.Entries[:0]
	for _, e := range l.Entries {
		_, named := slices.BinarySearchFunc(ends, PartitionOffset{Topic: e.Topic, Partition: e.Partition}, comparePartitions)
		if e.Source == source && !named {
			if !e.Guessed {
				continue
			}
			if e.Missed = min(e.Missed+1, unread); e.Missed == unread {
				e.Done = e.End
			}
		}
		kept = append(kept, e)
	}
	l.Entries = kept
	for _, p := range ends {
		e, fresh := l.entry(source, p.Topic, p.Partition)
		if fresh {
			e.End = p.Offset
			l.Arrived += float64(p.Offset)
		}
		l.raise(e, p.Offset)
		e.Done, e.Guessed, e.Missed = p.Offset, false, 0
	}
	l.sum()
	l.Based = true
}

// sum brings the sums up to date: what no longer is outstanding was committed,
// and what newly is (a rewind) has arrived. Only the first batch may lower
// what was committed: until then it is a guess.
func (l *Ledger) sum() {
	committed := l.Arrived - l.outstanding()
	if l.Based && committed < l.Committed {
		l.Arrived += l.Committed - committed
		return
	}
	l.Committed = committed
}

// Add takes in rows of a source without offsets: they arrived and were
// committed at once. Fewer than 0 are not known.
func (l *Ledger) Add(rows int64) {
	if rows > 0 {
		l.Arrived += float64(rows)
	}
	l.sum()
	l.Based = true
}
