package judge

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/spark"
	"rubato/replay"
)

// said is what a run says of itself in a message of a type.
func said(t testing.TB, kind spark.Type, run env.RunID, configured time.Duration) *env.Input {
	t.Helper()
	m := spark.Message{
		V: spark.Version, Type: kind, Run: run, Seq: 1, Phase: spark.PhaseWaiting, ConfiguredMs: configured.Milliseconds(),
		IntervalMs: configured.Milliseconds(), AppID: "app", AppName: "shop", Name: "orders", TriggerType: "ProcessingTime",
		Manageable: true, HooksActive: true,
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return &env.Input{Kind: env.InputMessage, Key: string(orders), Value: text}
}

// pass lets time pass for a run that ten events a second come for, a step each
// second. change, which may be nil, tells whether a step is recorded.
func pass(q *reading, run env.RunID, from, to time.Duration, change func(*replay.Step) bool) {
	for at := from; at <= to; at += time.Second {
		s := replay.Step{
			Query: orders, Run: run, At: env.Time(at), Arrived: 10 * at.Seconds(), First: at == from,
			Observation: env.Observation{Sighted: 1, Period: 0.2, BatchLast: 0.3, Overhead: 0.2, PerRow: 1e-4, Reference: 10},
		}
		if change == nil || change(&s) {
			q.step(&s)
		}
	}
}

func TestTheIntervalIsKnownFromAnyMessageThatIsLeft(t *testing.T) {
	r := reader{}
	q := r.of(orders)
	pass(q, "b", time.Second, 15*time.Minute, nil)
	if got := q.query(orders, settings(t)); len(got.Windows) != 0 || !strings.Contains(got.Why, "does not tell what interval") {
		t.Errorf("of a run that no message is left of: %+v", got)
	}
	r.message(said(t, spark.Heartbeat, "b", 5*time.Second))
	if got := q.query(orders, settings(t)); len(got.Windows) != 1 || got.Windows[0].Configured != 5*time.Second {
		t.Errorf("%+v", got)
	}
}

func TestEachRunIsJudgedByItsOwnInterval(t *testing.T) {
	r := reader{}
	r.message(said(t, spark.Started, "a", 2*time.Second))
	q := r.of(orders)
	pass(q, "a", time.Second, 14*time.Minute, nil)
	r.message(said(t, spark.Started, "b", 30*time.Second))
	pass(q, "b", 14*time.Minute+time.Second, 28*time.Minute, nil)
	r.message(said(t, spark.Started, "backfill", 0)) // Trigger.AvailableNow
	pass(q, "backfill", 28*time.Minute+time.Second, 50*time.Minute, nil)
	got := q.query(orders, settings(t))
	if len(got.Windows) != 2 || got.Windows[0].Configured != 2*time.Second || got.Windows[1].Configured != 30*time.Second || got.Why != "" {
		t.Errorf("%+v", got)
	}
}

func TestWhatWasNotRecordedIsNotInvented(t *testing.T) {
	within := func(s *replay.Step, from, to time.Duration) bool {
		return s.At >= env.Time(from) && s.At < env.Time(to)
	}
	for name, c := range map[string]struct {
		change func(*replay.Step) bool
		want   []int // seconds of each window of half an hour's record
	}{
		"nothing lost": {nil, []int{900, 898}},
		"ten seconds":  {func(s *replay.Step) bool { return !within(s, 660*time.Second, 670*time.Second) }, []int{658, 900}},
		"ten minutes":  {func(s *replay.Step) bool { return !within(s, 13*time.Minute, 23*time.Minute) }, []int{778}},
		"a batch of ten seconds": {func(s *replay.Step) bool {
			s.Observation.BatchLast = 10
			return !within(s, 660*time.Second, 670*time.Second)
		}, []int{900, 898}},
		"beside another query for a second": {func(s *replay.Step) bool {
			if within(s, 660*time.Second, 661*time.Second) {
				s.Observation.DriverQueries = 1
			}
			return true
		}, []int{658, 900}},
		"a clock set back": {func(s *replay.Step) bool {
			if s.At >= env.Time(11*time.Minute) {
				s.At -= env.Time(100 * time.Second)
			}
			return true
		}, []int{658, 900}},
		"batches of which no fit is known": {func(s *replay.Step) bool {
			s.Observation = env.Observation{Sighted: 1}
			return true
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			q := &reading{configured: map[env.RunID]time.Duration{"a": 2 * time.Second}}
			pass(q, "a", time.Second, 30*time.Minute, c.change)
			var got []int
			for _, w := range q.query(orders, settings(t)).Windows {
				got = append(got, len(w.Counts))
				for i, n := range w.Counts {
					if math.Abs(float64(n)-10) > 1e-3 {
						t.Fatalf("second %d of %d has %v events", i, len(w.Counts), n)
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("windows of %v s, want %v", got, c.want)
			}
		})
	}
}

func TestAWindowHoldsTwentyOfTheJobsIntervals(t *testing.T) {
	q := &reading{configured: map[env.RunID]time.Duration{"a": 5 * time.Minute}}
	pass(q, "a", time.Second, 40*time.Minute, nil)
	if got := q.query(orders, settings(t)); len(got.Windows) != 0 || !strings.Contains(got.Why, "10 of its intervals") {
		t.Errorf("of eight intervals: %+v", got)
	}
	q = &reading{configured: q.configured}
	pass(q, "a", time.Second, 155*time.Minute, nil)
	got := q.query(orders, settings(t))
	if len(got.Windows) != 2 || len(got.Windows[0].Counts) != 6000 || len(got.Windows[1].Counts) < 3000 {
		t.Errorf("of 31 intervals: %d windows", len(got.Windows))
	}
}

// A blind query's total is a guess until its batch has told it: here none comes
// until the batch of each so many seconds tells of all.
func TestArrivalsThatAreNotSeenAreSpreadOverTheWait(t *testing.T) {
	for _, interval := range []time.Duration{10 * time.Second, 20 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			q := &reading{configured: map[env.RunID]time.Duration{"a": interval}}
			length := max(15*time.Minute, intervals*interval)
			pass(q, "a", interval, interval+length, func(s *replay.Step) bool {
				since := math.Mod(s.At.Sub(0), interval.Seconds())
				s.Observation.Sighted, s.Observation.SinceTrigger = 0, since
				s.Arrived -= 10 * since
				return true
			})
			got := q.query(orders, settings(t))
			if len(got.Windows) != 1 || len(got.Windows[0].Counts) < int(length.Seconds())-20 {
				t.Fatalf("%d windows: %s", len(got.Windows), got.Why)
			}
			for i, n := range got.Windows[0].Counts {
				if math.Abs(float64(n)-10) > 1e-2 {
					t.Fatalf("second %d has %v events", i, n)
				}
			}
		})
	}
}

func TestWhatIsNoMessageIsOfNoQuery(t *testing.T) {
	r := reader{}
	r.message(&env.Input{Kind: env.InputMessage, Key: "stranger", Value: []byte("garbage")})
	if len(r) != 0 {
		t.Errorf("queries %v", r)
	}
}

func TestAQueryThatHadNoIntervalIsNotCalledTooShort(t *testing.T) {
	r := reader{}
	r.message(said(t, spark.Started, "backfill", 0)) // Trigger.AvailableNow
	if got := r[orders].query(orders, settings(t)); got.Why != noInterval {
		t.Errorf("%+v", got)
	}
}
