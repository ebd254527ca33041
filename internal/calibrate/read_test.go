package calibrate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"rubato/checkpoints/boltfile"
	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/transport"
	"rubato/internal/transport/transporttest"
	"rubato/replay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wallLess is the wall clock less the monotonic one of a teller's driver, ms.
const wallLess = 1_700_000_000_000

// teller makes the messages of one run, as the agent does.
type teller struct {
	lines    [][]byte
	seq      uint64
	counters spark.Counters
	interval float64
	offset   int64
}

func (w *teller) tell(at float64, m spark.Message) {
	w.seq++
	m.V, m.Seq, m.Run, m.Phase = spark.Version, w.seq, "run", spark.PhaseBatch
	m.MonoNs, m.WallMs = int64(math.Round(at*1e9)), wallLess+int64(math.Round(at*1e3))
	m.IntervalMs, m.ConfiguredMs, m.Managed, m.Counters = int64(1e3*w.interval), 1000, true, w.counters
	line, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	w.lines = append(w.lines, line)
}

func (w *teller) started() {
	w.tell(0, spark.Message{Type: spark.Started, AppID: "local-1", AppName: "app", Name: "orders"})
}

// turn is one trigger; rows below 0 for none.
func (w *teller) turn(start, end float64, rows int64) {
	w.counters.Triggers++
	ns, ms := int64(math.Round(start*1e9)), wallLess+int64(math.Round(start*1e3))
	edge := spark.Message{Type: spark.Trigger, TriggerStartMonoNs: &ns, TriggerStartMs: &ms, Edge: spark.EdgeStart}
	w.tell(start, edge)
	edge.Edge, edge.Outcome = spark.EdgeEnd, spark.OutcomeEmpty
	if rows < 0 {
		w.counters.EmptyTriggers++
	} else {
		w.offset += rows
		w.tell(end, spark.Message{Type: spark.Progressed, Progress: fmt.Appendf(nil,
			`{"batchId":%d,"numInputRows":%d,"sources":[{"endOffset":{"orders":{"0":%d}}}]}`, w.counters.Batches, rows, w.offset)})
		w.counters.Batches++
		committed := int64(math.Round(end * 1e9))
		edge.Outcome, edge.BatchEndMonoNs = spark.OutcomeBatch, &committed
	}
	w.tell(end+0.001, edge)
}

// recorded is a run of n turns with what came of them: an empty trigger, a
// batch without rows, and otherwise batches of all sizes. Events arrive evenly,
// 1000 a second.
func recorded(n int) *teller {
	w, rng := &teller{interval: 1}, rand.New(rand.NewPCG(1, 1))
	w.started()
	for i := range n {
		start := 10 + float64(i)
		rows := int64(1000)
		switch i % 10 {
		case 3:
			rows = -1
		case 4:
			rows = 2000
		case 7:
			rows = 0
		case 8:
			rows = 2000
		}
		w.turn(start, start+0.1+float64(max(rows, 0))*1e-4*(0.9+0.2*rng.Float64()), rows)
	}
	return w
}

// sampled are samples of end offsets such that each batch's rows arrived
// evenly in the time before it started.
func (w *teller) sampled(n int) {
	for i := range 10 * n {
		at := 9 + float64(i)/10
		s := arrivals.Sample{V: 1, Brokers: "b", Topics: []arrivals.Topic{{
			Name: "orders", Partitions: []arrivals.Partition{{ID: 0, End: int64(100 * i)}},
		}}}
		line, err := json.Marshal(struct {
			Type   string `json:"type"`
			WallMs int64  `json:"wallMs"`
			arrivals.Sample
		}{OffsetsType, wallLess + int64(math.Round(1e3*at)), s})
		if err != nil {
			panic(err)
		}
		w.lines = append(w.lines, line)
	}
}

func file(tb testing.TB, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "metrics.jsonl")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func (w *teller) text() []byte { return append(bytes.Join(w.lines, []byte("\n")), '\n') }

func read(tb testing.TB, content []byte) *Run {
	tb.Helper()
	runs, err := ReadFile(file(tb, content))
	if err != nil || len(runs) != 1 {
		tb.Fatalf("%d runs, %v", len(runs), err)
	}
	return runs[0]
}

func TestBatchesOfAFileAreThoseThatRan(t *testing.T) {
	r := read(t, recorded(100).text())
	if r.Query != "app/orders" || r.App != "local-1" || len(r.Batches) != 80 || r.NoData != 10 || r.Empty != 10 || r.Lost != 0 || len(r.Busy) != 90 {
		t.Fatalf("%s of %s: %d batches, %d without rows, %d empty, %d lost, %d spans",
			r.Query, r.App, len(r.Batches), r.NoData, r.Empty, r.Lost, len(r.Busy))
	}
	for i, b := range r.Batches {
		if b.Due != math.Round(b.Start) && i > 0 || math.Abs(b.Start-math.Round(b.Start)) > 1e-6 || b.Number == 0 {
			t.Fatalf("batch %d: %+v", i, b)
		}
		if want := 0.1 + 1e-4*b.Rows; math.Abs(b.Duration()-want) > 0.11*want {
			t.Fatalf("batch %d took %v", i, b.Duration())
		}
	}
}

func TestLostMessagesLoseBatchesAndInventNone(t *testing.T) {
	whole := map[float64]Batch{}
	for _, b := range read(t, recorded(60).text()).Batches {
		whole[b.Start] = b
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := recorded(60)
		for range rapid.IntRange(1, 60).Draw(rt, "lost") {
			i := rapid.IntRange(1, len(w.lines)-1).Draw(rt, "line")
			w.lines = append(w.lines[:i:i], w.lines[i+1:]...)
		}
		for _, b := range read(t, w.text()).Batches {
			want := whole[b.Start]
			if b.Number != want.Number || b.End != want.End || b.Rows != want.Rows || b.Due != want.Due && b.Due != b.Start {
				rt.Fatalf("%+v is none of those that ran: %+v", b, want)
			}
		}
	})
}

func TestArrivalsComeFromEndOffsets(t *testing.T) {
	w := recorded(100)
	even := read(t, w.text())
	w.sampled(100)
	r := read(t, w.text())
	if even.Sampled || !r.Sampled {
		t.Fatal("the samples were not told apart")
	}
	total, known := 0.0, 0
	for i, b := range r.Batches {
		total += b.Rows
		if i == 0 {
			continue // what was committed before it is not known
		}
		// 1000 a second from 9 s on: the curve's inverse in the middle.
		if want := 9 + (total-b.Rows/2)/1000; math.Abs(b.Arrived-want) > 1e-6 {
			t.Fatalf("batch %d at %v: its rows arrived at %v, by the samples at %v", i, b.Start, b.Arrived, want)
		}
		known++
	}
	if known < 70 {
		t.Fatalf("%d batches were checked", known)
	}
}

func TestTheMeanArrivalIsTheCurvesOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		curve := []knot{{}}
		for range rapid.IntRange(1, 20).Draw(t, "knots") {
			last := curve[len(curve)-1]
			curve = append(curve, knot{last.at + rapid.Float64Range(0.01, 2).Draw(t, "dt"), last.total + float64(rapid.IntRange(0, 50).Draw(t, "rows"))})
		}
		top := curve[len(curve)-1].total
		if top < 2 {
			return
		}
		from := rapid.Float64Range(0, top-1).Draw(t, "from")
		to := rapid.Float64Range(from+0.5, top).Draw(t, "to")
		const parts = 4000
		sum := 0.0
		for i := range parts {
			total := from + (to-from)*(float64(i)+0.5)/parts
			j := 1
			for curve[j].total < total {
				j++
			}
			a, b := curve[j-1], curve[j]
			sum += a.at + (b.at-a.at)*(total-a.total)/(b.total-a.total)
		}
		if got := meanArrival(curve, from, to); math.Abs(got-sum/parts) > 0.02 {
			t.Fatalf("got %v, by parts %v", got, sum/parts)
		}
	})
}

func TestAnUnmanagedTriggerIsDueOnAMultiple(t *testing.T) {
	r := collected{last: turn{number: 4, start: 100.3, startMs: 7_300, end: 100.4, interval: 2}}
	r.turn = turn{number: 5, start: 101.1, interval: 2}
	if due := r.due(101.1); math.Abs(due-101) > 1e-9 {
		t.Errorf("due at %v, want 101: 8 s of the wall clock", due)
	}
	r.last.end = 101.5
	if due := r.due(101.6); due != 101.5 {
		t.Errorf("due at %v, want 101.5: the one before ended late", due)
	}
	r.last.managed, r.turn.managed, r.last.end = true, true, 100.4
	if due := r.due(102.4); math.Abs(due-102.3) > 1e-9 {
		t.Errorf("due at %v, want 102.3: its start and the interval", due)
	}
	r.turn.interval = 1
	if due := r.due(102.4); due != 102.4 {
		t.Errorf("due at %v: a command came in between", due)
	}
}

// same compares batches, a NaN being like any other.
func same(a, b *Run) bool { return fmt.Sprint(a.Batches) == fmt.Sprint(b.Batches) }

func zipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

func TestAGzippedFileAndAJournalReadAsThePlainOne(t *testing.T) {
	w := recorded(100)
	want := read(t, w.text())
	if got := read(t, zipped(w.text())); !same(got, want) {
		t.Error("a gzipped file differs")
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := replay.Open(path, replay.Options{MaxBytes: replay.MinBytes})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range w.lines {
		j.AppendInput(&env.Input{At: env.Time(1e18 + i), Kind: env.InputMessage, Key: "app/orders", Value: line})
	}
	j.AppendInput(&env.Input{At: 2e18, Kind: env.InputMessage, Key: "app/orders", Value: []byte("broken")})
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	runs, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 1 || runs[0].Query != "app/orders" || !same(runs[0], want) {
		t.Error("a journal differs")
	}
}

func TestWhatIsWrongWithAFileIsPlaced(t *testing.T) {
	w := recorded(5)
	text := string(w.text())
	zip := zipped(w.text())
	journal := make([]byte, 8192)
	copy(journal[16:], []byte{0xed, 0xda, 0x0c, 0xed})
	for name, c := range map[string]struct {
		content string
		want    string
	}{
		"empty":             {"", "empty: want messages"},
		"blank":             {"\n \n", "empty: want messages"},
		"not JSON":          {text + "hello\n", fmt.Sprintf(":%d: not a message", len(w.lines)+1)},
		"another version":   {strings.Replace(text, `"v":1`, `"v":9`, 1), ":1: metrics message"},
		"an unknown type":   {`{"v":1,"type":"rumour","runId":"r","seq":1,"phase":"batch"}`, ":1: metrics message"},
		"broken offsets":    {text + `{"type":"offsets","wallMs":1,"v":1}`, fmt.Sprintf(":%d: offsets sample", len(w.lines)+1)},
		"a cut line":        {text[:len(text)-20], fmt.Sprintf(":%d: not a message", len(w.lines))},
		"a huge line":       {text + strings.Repeat("x", spark.MaxMessage+2), fmt.Sprintf(":%d: ", len(w.lines)+1)},
		"a cut archive":     {string(zip[:len(zip)/2]), "unexpected EOF"},
		"no archive":        {"\x1f\x8b, surely", "gzip: invalid header"},
		"a damaged journal": {string(journal), "journal"},
	} {
		path := file(t, []byte(c.content))
		_, err := ReadFile(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "a damaged journal" && !errors.Is(err, boltfile.ErrDamaged) {
			t.Errorf("%s: %v is no damage", name, err)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestATopicIsReadToItsEnd(t *testing.T) {
	m := transporttest.NewMemory(time.Now)
	if err := m.EnsureTopics(t.Context(), 2, "rubato.metrics"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadTopic(t.Context(), m, "rubato.metrics"); err == nil {
		t.Fatal("an empty topic was read")
	}
	w := recorded(100)
	var records []transport.Record
	for _, line := range append([][]byte{[]byte("broken")}, w.lines...) {
		records = append(records, transport.Record{Key: []byte("app/orders"), Value: line, Time: time.UnixMilli(wallLess)})
	}
	if _, err := m.Produce(t.Context(), "rubato.metrics", 1, records); err != nil {
		t.Fatal(err)
	}
	m.Truncate("rubato.metrics", 0, 7) // all that this partition held is gone
	runs, skipped, err := ReadTopic(t.Context(), m, "rubato.metrics")
	if err != nil || skipped != 1 || len(runs) != 1 {
		t.Fatalf("%d runs, %d skipped, %v", len(runs), skipped, err)
	}
	if want := read(t, w.text()); !same(runs[0], want) {
		t.Error("the topic differs from the file")
	}
}

func FuzzReadLines(f *testing.F) {
	w := recorded(5)
	w.sampled(2)
	f.Add(w.text())
	f.Add([]byte(`{"type":"offsets"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		c := NewCollector()
		if readLines(bytes.NewReader(content), c) != nil {
			return
		}
		for _, r := range c.Runs() {
			for _, b := range r.Batches {
				if !(b.End > b.Start) || !(b.Rows > 0) || b.Arrived >= b.End || math.IsNaN(b.Due) {
					t.Fatalf("accepted %+v", b)
				}
			}
			if _, err := Fit([]*Run{r}); err != nil && !errors.Is(err, ErrTooFew) {
				t.Fatal(err)
			}
		}
	})
}
