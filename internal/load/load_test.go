package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"rubato/internal/broker"
	"rubato/internal/report"
	"rubato/internal/transport"
	"rubato/internal/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSameSeedSameLoad(t *testing.T) {
	a, b := Bursty(7, 2*time.Minute), Bursty(7, 2*time.Minute)
	if !slices.Equal(a, b) {
		t.Fatal("one seed gave two schedules")
	}
	if slices.Equal(a, Bursty(8, 2*time.Minute)) {
		t.Fatal("two seeds gave one schedule")
	}
	trace := Trace{5, 0, 9}
	if !slices.Equal(trace.Events(7, time.Minute), trace.Events(7, time.Minute)) {
		t.Fatal("one seed gave two schedules of a trace")
	}
}

// checkOrder checks that events ascend, lie within the length, and have keys.
func checkOrder(t interface{ Fatalf(string, ...any) }, events []Event, length time.Duration) {
	var last time.Duration
	for i, e := range events {
		if e.At < last || e.At >= length || e.Key < 0 || e.Key >= Keys {
			t.Fatalf("event %d of %d is %+v after %v, length %v", i, len(events), e, last, length)
		}
		last = e.At
	}
}

func TestBurstyLoadIsInOrderAndAboutItsMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := time.Duration(rapid.IntRange(1, 300).Draw(t, "seconds")) * time.Second
		events := Bursty(rapid.Uint64().Draw(t, "seed"), length)
		checkOrder(t, events, length)
		// Six standard deviations of a Poisson count beyond the means drawn.
		low, high := meanLow*length.Seconds(), meanHigh*length.Seconds()
		if n := float64(len(events)); n < low-6*math.Sqrt(low) || n > high+6*math.Sqrt(high) {
			t.Fatalf("%v events in %v", n, length)
		}
	})
}

func TestBurstyLoadIdlesAndBursts(t *testing.T) {
	idle, burst := 0, 0
	for seed := range uint64(10) {
		perSecond := make([]int, 120)
		events := Bursty(seed, 2*time.Minute)
		for _, e := range events {
			perSecond[int(e.At/time.Second)]++
		}
		mean := float64(len(events)) / 120
		for _, n := range perSecond {
			if n == 0 {
				idle++
			}
			if float64(n) > 2.5*mean {
				burst++
			}
		}
	}
	if idle < 60 || burst < 60 {
		t.Fatalf("of 1200 s %d are idle and %d are bursts", idle, burst)
	}
}

func TestRateOfAStretchIsItsLine(t *testing.T) {
	// 0 to 1000 events/s over 10 s: a quarter of the events in the first half.
	events := draw(generator(1), []stretch{{5, 0, 0}, {10, 0, 1000}})
	first := 0
	for _, e := range events {
		if e.At < 5*time.Second {
			t.Fatalf("event at %v of an idle stretch", e.At)
		}
		if e.At < 10*time.Second {
			first++
		}
	}
	if n := len(events); math.Abs(float64(n)-5000) > 6*math.Sqrt(5000) || math.Abs(float64(first)-1250) > 6*math.Sqrt(1250) {
		t.Fatalf("%d events, %d in the first half", n, first)
	}
}

func TestTraceHasItsCountInEachSecond(t *testing.T) {
	trace := Trace{3, 0, 100, 1}
	events := trace.Events(1, 10*time.Second) // 3 0 100 1 3 0 100 1 3 0
	checkOrder(t, events, 10*time.Second)
	got := make([]int, 10)
	for _, e := range events {
		got[int(e.At/time.Second)]++
	}
	if !slices.Equal(got, []int{3, 0, 100, 1, 3, 0, 100, 1, 3, 0}) {
		t.Fatalf("got %v", got)
	}
	if half := trace.Events(1, 2500*time.Millisecond); len(half) < 4 || len(half) > 102 || half[len(half)-1].At >= 2500*time.Millisecond {
		t.Fatalf("%d events in 2.5 s", len(half))
	}
}

func TestTraceFileIsReadOrItsMistakeIsPlaced(t *testing.T) {
	for _, tc := range []struct {
		name, content string
		want          Trace
		mistake       string
	}{
		{"plain", "second,events\n0,5\n1,0\n2,7\n", Trace{5, 0, 7}, ""},
		{"from elsewhere with holes", "second,events\r\n100,5\r\n103,7", Trace{5, 0, 0, 7}, ""},
		{"empty", "", nil, ":1: the file is empty"},
		{"no header", "0,5\n1,6\n", nil, ":1: the header is 0,5"},
		{"one column", "events\n5\n", nil, ":1: wrong number of fields"},
		{"only a header", "second,events\n", nil, ":1: the trace has no events"},
		{"no events", "second,events\n0,0\n1,0\n", nil, ":1: the trace has no events"},
		{"unsorted", "second,events\n0,5\n2,5\n1,5\n", nil, ":4: second 1 comes after second 2"},
		{"a second twice", "second,events\n0,5\n0,5\n", nil, ":3: second 0 comes after second 0"},
		{"before the first", "second,events\n5,5\n4,5\n", nil, ":3: second 4 comes after second 5"},
		{"negative count", "second,events\n0,5\n1,-5\n", nil, `:3: events "-5"`},
		{"absurd count", "second,events\n0,100001\n", nil, `:2: events "100001"`},
		{"not a number", "second,events\n0,NaN\n", nil, `:2: events "NaN"`},
		{"a fraction", "second,events\n0.5,1\n", nil, `:2: second "0.5"`},
		{"negative second", "second,events\n-1,1\n", nil, `:2: second "-1"`},
		{"huge number", "second,events\n99999999999999999999,1\n", nil, ":2: second"},
		{"absurd hole", "second,events\n0,1\n1000000,1\n", nil, ":3: second 1000000 is more than"},
		{"too many columns", "second,events\n0,1\n1,1,1\n", nil, ":3: wrong number of fields"},
		{"a stray quote", "second,events\n0,1\n1,\"1\n", nil, ":3: "},
	} {
		path := filepath.Join(t.TempDir(), "trace.csv")
		if err := os.WriteFile(path, []byte(tc.content), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTrace(path)
		if tc.mistake == "" {
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%s: got %v, %v", tc.name, got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), path+tc.mistake) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.mistake)
		}
	}
	if _, err := ReadTrace(filepath.Join(t.TempDir(), "absent.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add("second,events\n0,5\n1,0\n")
	f.Add("second,events\n5,\"1\"\n\n9,1")
	f.Fuzz(func(t *testing.T, content string) {
		trace, err := parse(strings.NewReader(content))
		if err == nil && (len(trace) == 0 || len(trace) > longestTrace || slices.Min(trace) < 0) {
			t.Fatalf("accepted %q as %v", content, trace)
		}
	})
}

// topic returns a producer with an empty topic.
func topic(t *testing.T) *transporttest.Memory {
	t.Helper()
	m := transporttest.NewMemory(time.Now)
	if err := m.EnsureTopics(t.Context(), Partitions, "load"); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEventsAreWrittenWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, events, begin := topic(t), Bursty(3, 20*time.Second), time.Now()
		var told time.Duration
		written, err := Run(t.Context(), Options{
			Producer: m, Topic: "load", Events: events, Length: 20 * time.Second,
			Progress: func(elapsed time.Duration, n int) {
				due, _ := slices.BinarySearchFunc(events, elapsed, func(e Event, at time.Duration) int { return int(e.At - at) })
				if elapsed < told || n != due {
					t.Fatalf("after %v: %d written, %d due", elapsed, n, due)
				}
				told = elapsed
			},
		})
		if err != nil || len(written) != len(events) || told != 20*time.Second || time.Since(begin) != 20*time.Second {
			t.Fatalf("%d of %d events in %v, %v", len(written), len(events), time.Since(begin), err)
		}
		late := slices.SortedFunc(slices.Values(written), func(a, b report.Event) int { return a.At.Compare(b.At) })
		for i, e := range late {
			if d := e.At.Sub(begin) - events[i].At; d <= -time.Millisecond || d > every {
				t.Fatalf("event %d was written %v after its time", i, d)
			}
		}
	})
}

func TestReturnedOffsetsAndTimesAreThoseInTheTopic(t *testing.T) {
	b, err := broker.Start(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	k, err := transport.NewKafka(transport.Options{Brokers: []string{b.Addr()}, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	if err := k.EnsureTopics(t.Context(), Partitions, "load"); err != nil {
		t.Fatal(err)
	}
	events := Bursty(3, time.Second)
	written, err := Run(t.Context(), Options{Producer: k, Topic: "load", Events: events, Length: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		partition int32
		offset    int64
	}
	times := make(map[place]time.Time)
	for _, e := range written {
		times[place{e.Partition, e.Offset}] = e.At
	}
	if len(times) != len(events) {
		t.Fatalf("%d places for %d events", len(times), len(events))
	}
	got := transporttest.Collect(t, k, transport.Subscription{Topic: "load", Earliest: true})
	keys := make(map[string]int)
	for _, m := range got.Messages(t, len(events)) {
		if at, known := times[place{m.Partition, m.Offset}]; !known || !at.Equal(m.Time) {
			t.Fatalf("message %d of partition %d is of %v, returned was %v", m.Offset, m.Partition, m.Time, at)
		}
		keys[string(m.Key)]++
	}
	for _, e := range events {
		keys[fmt.Sprintf("key-%02d", e.Key)]--
	}
	for key, n := range keys {
		if n != 0 {
			t.Fatalf("%s: %+d records", key, n)
		}
	}
}

func TestRunEndsWithItsContextAndReturnsWhatWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := topic(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		events := Bursty(3, time.Minute)
		written, err := Run(ctx, Options{Producer: m, Topic: "load", Events: events, Length: time.Minute})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		ends, err := m.EndOffsets(t.Context(), "load")
		if err != nil || len(written) == 0 || int64(len(written)) != ends[0]+ends[1] {
			t.Fatalf("returned %d, the topic ends at %v, %v", len(written), ends, err)
		}
	})
}

func TestFailingBrokerEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := topic(t)
		gone := errors.New("gone")
		_, err := Run(t.Context(), Options{
			Producer: m, Topic: "load", Events: Bursty(3, time.Minute), Length: time.Minute,
			Progress: func(elapsed time.Duration, _ int) {
				if elapsed > time.Second {
					m.Fail(gone)
				}
			},
		})
		if !errors.Is(err, gone) {
			t.Fatalf("got %v", err)
		}
	})
}
