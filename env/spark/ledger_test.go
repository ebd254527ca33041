package spark

import (
	"testing"

	"rubato/env/arrivals"

	"pgregory.net/rapid"
)

func all(string, int32) bool { return true }

func ends(topic string, offsets ...int64) []arrivals.Topic {
	t := arrivals.Topic{Name: topic}
	for i, o := range offsets {
		t.Partitions = append(t.Partitions, arrivals.Partition{ID: int32(i), End: o})
	}
	return []arrivals.Topic{t}
}

func done(topic string, offsets ...int64) []PartitionOffset {
	var out []PartitionOffset
	for i, o := range offsets {
		out = append(out, PartitionOffset{Topic: topic, Partition: int32(i), Offset: o})
	}
	return out
}

// expect checks the arrivals since the given total, and what is outstanding.
func (l *Ledger) expect(t *testing.T, what string, since, arrived, outstanding float64) {
	t.Helper()
	if got := l.Arrived - since; got != arrived {
		t.Errorf("%s: %v arrived, want %v", what, got, arrived)
	}
	if got := l.outstanding(); got != outstanding || l.Arrived-l.Committed != outstanding {
		t.Errorf("%s: %v outstanding, sums differ by %v, want %v", what, got, l.Arrived-l.Committed, outstanding)
	}
}

func TestBacklogIsBrokerMinusCommitted(t *testing.T) {
	var l Ledger
	l.Sight(0, ends("a", 1000, 2000), all)
	begin := l.Arrived
	l.expect(t, "first sight", begin, 0, 0)
	l.Sight(0, ends("a", 1100, 2050), all)
	l.expect(t, "second sight", begin, 150, 150)
	l.Commit(0, done("a", 700, 2050)) // a capped first batch tells of an old backlog
	l.expect(t, "first batch", begin, 150, 400)
	l.Commit(0, done("a", 1100, 2050))
	l.expect(t, "caught up", begin, 150, 0)
	l.Commit(0, done("a", 1200, 2100)) // newer than the sample
	l.expect(t, "past the sample", begin, 300, 0)
	l.Sight(0, ends("a", 1150, 2100), all)
	l.expect(t, "an older sample", begin, 300, 0)
}

func TestNewPartitionsAreAllNews(t *testing.T) {
	var l Ledger
	l.Commit(0, done("a", 500))
	begin := l.Arrived
	l.Sight(0, ends("a", 500, 40), all)
	l.expect(t, "partition 1 came up", begin, 40, 40)
	l.Commit(0, done("a", 500, 40))
	l.expect(t, "and was read", begin, 40, 0)
}

func TestAPartitionThatTheQueryNeverReadsIsNoBacklog(t *testing.T) {
	var l Ledger
	l.Commit(0, done("a", 500))
	l.Sight(0, ends("a", 500, 1000), all)
	for range unread {
		l.Commit(0, done("a", 600))
	}
	begin := l.Arrived
	l.expect(t, "left out by three batches", begin, 0, 0)
	l.Sight(0, ends("a", 600, 2000), all)
	l.expect(t, "growing on", begin, 0, 0)
	l.Commit(0, done("a", 600, 1900))
	l.expect(t, "read after all", begin, 100, 100)
}

func TestATopicThatIsRecreatedStartsOver(t *testing.T) {
	var l Ledger
	l.Sight(0, ends("a", 1000), all)
	l.Commit(0, done("a", 900))
	begin := l.Arrived
	l.Sight(0, ends("a", 10), all)
	l.expect(t, "recreated", begin, 0, 0)
	l.Sight(0, ends("a", 30), all)
	l.expect(t, "growing again", begin, 20, 20)
	l.Commit(0, done("a", 30))
	l.expect(t, "read", begin, 20, 0)
}

func TestATopicThatVanishesLeavesNoBacklog(t *testing.T) {
	var l Ledger
	l.Commit(0, append(done("a", 100), done("b", 200)...))
	l.Sight(0, append(ends("a", 150), ends("b", 250)...), all)
	begin := l.Arrived
	l.Commit(0, done("b", 250))
	l.expect(t, "without topic a", begin, 0, 0)
}

func TestTheSumsNeverGoBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var l Ledger
		offset := rapid.Int64Range(0, 1e6)
		based := false
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			before := l
			source := rapid.IntRange(0, 1).Draw(rt, "source")
			offsets := rapid.SliceOfN(offset, 1, 4).Draw(rt, "offsets")
			topic := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "topic")
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				l.Sight(source, ends(topic, offsets...), all)
			case 1:
				l.Commit(source, done(topic, offsets...))
			case 2:
				l.Raise(source, done(topic, offsets...))
			case 3:
				l.Add(offsets[0] - 10)
			}
			if l.Arrived < before.Arrived || based && l.Committed < before.Committed {
				rt.Fatalf("went back from %+v to %+v", before, l)
			}
			for _, e := range l.Entries {
				if e.End < e.Done || e.Done < 0 {
					rt.Fatalf("entry %+v", e)
				}
			}
			if out := l.outstanding(); l.Arrived-l.Committed != out {
				rt.Fatalf("%v outstanding, but the sums differ by %v", out, l.Arrived-l.Committed)
			}
			based = l.Based
		}
	})
}
