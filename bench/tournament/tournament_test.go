package tournament

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// untrained is a network at its initial weights.
func untrained(t testing.TB, seed uint64) *policy.Artefact {
	t.Helper()
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(seed, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return &policy.Artefact{Network: n, ReturnScale: 1}
}

// small is a tournament of a few cells and seconds.
func small(t testing.TB, workload string, kinds, weightings, rivals []string) Options {
	t.Helper()
	sources, err := Sources("", workload)
	if err != nil {
		t.Fatal(err)
	}
	k, err := SelectKinds(kinds)
	if err != nil {
		t.Fatal(err)
	}
	w, err := SelectWeightings(Weightings(), weightings)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Sources: sources, Kinds: k, Weightings: w, Policy: untrained(t, 1), Rivals: rivals,
		Seeds: 2, Length: 5 * time.Minute,
	}
}

func play(t testing.TB, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t testing.TB, r *Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheSameSeedsGiveTheSameBytesOnAnyNumberOfWorkers(t *testing.T) {
	o := small(t, "bursts", []string{"light", "shared-2"}, []string{"balanced", "target"},
		[]string{"waiting-cost", "square-root/steps", "adaptive-stream-published-true-rate", "best-fixed"})
	o.Length = 3 * time.Minute
	var all [][]byte
	for _, o.Workers = range []int{1, 4} {
		all = append(all, encode(t, play(t, o)))
	}
	if !bytes.Equal(all[0], all[1]) {
		t.Error("one worker and four differ")
	}
}

// The waiting-cost rule with another name would have the policy's place: here
// the policy's own row stands in for the rule's.
func TestARivalAgainstItselfIsExactlyOne(t *testing.T) {
	o := small(t, "bursts", []string{"light", "overload"}, []string{"balanced"}, []string{"waiting-cost"})
	contestants, err := lineup(o.Policy, nil, o.Rivals)
	if err != nil {
		t.Fatal(err)
	}
	for i := range contestants {
		if contestants[i].name == WaitingRule {
			contestants[i].plain = false
			contestants[i].make = func(*bout) (player, error) { return newPolicyPlayer(o.Policy) }
		}
	}
	r, err := run(t.Context(), o, contestants)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Summary[Sighted]
	if s.Cells != 2 || s.VsRule != 1 || s.VsRuleLow != 1 || s.VsRuleHigh != 1 || s.Worst != 1 {
		t.Errorf("against itself: %+v", s)
	}
}

// A network whose actor is 0 is the line that it stands on.
func TestTheLinesOfThePriorPlayAsANetworkThatAddsNothing(t *testing.T) {
	o := small(t, "bursts", []string{"light"}, []string{"balanced"}, []string{"waiting-cost"})
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, make([]float64, l.Size()))
	if err != nil {
		t.Fatal(err)
	}
	prior := policy.PriorLines()
	o.Policy, o.Lines = &policy.Artefact{Network: n, ReturnScale: 1}, map[string]*policy.Lines{"line prior.json": &prior}
	costs := map[string]Figure{}
	for _, row := range play(t, o).Rows {
		costs[row.Rival] = row.CostRate
	}
	if a, b := costs[PolicyName], costs["line prior.json"]; a != b || a == costs[WaitingRule] {
		t.Errorf("the network costs %v, its line %v, the rule %v", a, b, costs[WaitingRule])
	}
}

func TestTheFixedGridsBestIsTheLeastOfItsRows(t *testing.T) {
	o := small(t, "steady", []string{"light"}, []string{"thrifty"}, nil)
	o.Seeds = 1
	r := play(t, o)
	least, best := math.Inf(1), Unknown()
	for _, row := range r.Rows {
		switch {
		case fixed(row.Rival):
			least = min(least, float64(row.CostRate))
		case row.Rival == BestFixed:
			best = row.CostRate
			if row.VsBestFixed != 1 || row.Chosen == "" {
				t.Errorf("best fixed: %+v", row)
			}
		}
		if row.CostRateLow > row.CostRate || row.CostRateHigh < row.CostRate || row.P99LatencyS < row.P95LatencyS {
			t.Errorf("out of order: %+v", row)
		}
		if d := row.TriggersPerS - row.EmptiesPerS - row.BatchesPerS; d < -1e-9 || d > 1e-9 {
			t.Errorf("triggers are neither empty nor a batch: %+v", row)
		}
	}
	if float64(best) != least {
		t.Errorf("best fixed %v, least of the grid %v", best, least)
	}
}

// Batches last as planned here, so nobody can do better than the plan but for
// its grid.
func TestNobodyBeatsTheClairvoyant(t *testing.T) {
	o := small(t, "bursts", []string{"overhead", "files"}, []string{"balanced", "target"},
		[]string{WaitingRule, BestWaiting, BestFixed, LinearRule, SquareRoot, "model-predictive", "target-aware", Clairvoyant})
	for i := range o.Kinds {
		shape := o.Kinds[i].shape
		o.Kinds[i].shape = func(c *sim.Config) {
			if shape != nil {
				shape(c)
			}
			c.Noise = 0
		}
	}
	o.Seeds = 1
	for _, cell := range split(play(t, o).Rows) {
		i := slices.IndexFunc(cell, func(r Row) bool { return r.Rival == Clairvoyant })
		if i < 0 {
			t.Fatalf("no clairvoyant in %s/%s", cell[0].Trace, cell[0].Query)
		}
		for _, r := range cell {
			if r.CostRate < 0.985*cell[i].CostRate {
				t.Errorf("%s/%s/%s: %s costs %v, the clairvoyant %v", r.Trace, r.Query, r.Weights, r.Rival, r.CostRate, cell[i].CostRate)
			}
		}
	}
}

// split cuts rows into cells.
func split(rows []Row) [][]Row {
	var cells [][]Row
	for i, r := range rows {
		if i == 0 || rows[i-1].Trace != r.Trace || rows[i-1].Query != r.Query || rows[i-1].Weights != r.Weights {
			cells = append(cells, nil)
		}
		cells[len(cells)-1] = append(cells[len(cells)-1], r)
	}
	return cells
}

func TestRivalsMeetTheSameArrivals(t *testing.T) {
	o := small(t, "bursts", []string{"light"}, []string{"latency", "thrifty"}, nil)
	var events float64
	for _, w := range o.Weightings {
		b, err := newBout(Cell{o.Sources[0], o.Kinds[0], w}, 0, o.Length)
		if err != nil {
			t.Fatal(err)
		}
		for _, plain := range []bool{false, true} {
			p, err := newPolicyPlayer(o.Policy)
			if err != nil {
				t.Fatal(err)
			}
			out, err := b.play(p, plain)
			if err != nil {
				t.Fatal(err)
			}
			if events == 0 {
				events = out.events
			}
			if out.events != events || events == 0 {
				t.Errorf("%v, plain %v: %v events, before %v", w.Name, plain, out.events, events)
			}
		}
	}
}

func TestBlocksAddUpToTheScore(t *testing.T) {
	o := small(t, "bursts", []string{"overload", "shared-4"}, []string{"balanced"}, nil)
	for _, k := range o.Kinds {
		b, err := newBout(Cell{o.Sources[0], k, o.Weightings[0]}, 1, o.Length)
		if err != nil {
			t.Fatal(err)
		}
		p, err := newPolicyPlayer(o.Policy)
		if err != nil {
			t.Fatal(err)
		}
		out, err := b.play(p, false)
		if err != nil {
			t.Fatal(err)
		}
		var want float64
		for i := range k.Queries {
			want += b.scratch.Score(i).CostRate(o.Weightings[0].Weights) / float64(k.Queries)
		}
		if got := rate(out.blocks); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%s: blocks say %v a second, the score %v", k.Name, got, want)
		}
		if n := len(out.blocks); n < 3 || out.seconds != 300*float64(k.Queries) {
			t.Errorf("%s: %d blocks, %v s", k.Name, n, out.seconds)
		}
	}
}

func TestJSONHasTheDocumentedNames(t *testing.T) {
	o := small(t, "bursts", []string{"light", "stateful"}, []string{"balanced"}, []string{"waiting-cost"})
	var r struct {
		Rows    []map[string]any
		Summary map[string]map[string]any
		ByTrace map[string]map[string]map[string]any
	}
	if err := json.Unmarshal(encode(t, play(t, o)), &r); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"trace", "query", "weights", "rival", "costRate", "costRateLow", "costRateHigh", "meanLatencyS",
		"p95LatencyS", "p99LatencyS", "triggersPerS", "emptiesPerS", "batchesPerS", "overridesShare"} {
		if _, ok := r.Rows[0][name]; !ok {
			t.Errorf("a row has no %s", name)
		}
	}
	for _, group := range []string{"sighted", "offModel"} {
		for _, name := range []string{"vsRule", "worst", "vsBestFixed", "gapClosed"} {
			if _, ok := r.Summary[group][name]; !ok {
				t.Errorf("%s has no %s", group, name)
			}
			if _, ok := r.ByTrace["bursts"][group][name]; !ok {
				t.Errorf("%s of the only source has no %s", group, name)
			}
		}
	}
	if v := r.Summary["sighted"]["gapClosed"]; v != nil {
		t.Errorf("gap closed %v without a clairvoyant", v)
	}
}

func TestOutputsHoldEveryRowAndNothingFromOutside(t *testing.T) {
	r := play(t, small(t, "bursts", []string{"light"}, nil, []string{"waiting-cost", "best-fixed", "fixed-2s"}))
	var table, page, picture, text bytes.Buffer
	for out, write := range map[*bytes.Buffer]func() error{
		&table: func() error { return r.WriteCSV(&table) }, &page: func() error { return r.WriteHTML(&page) },
		&picture: func() error { return r.WritePicture(&picture) }, &text: func() error { return r.WriteTables(&text) },
	} {
		if err := write(); err != nil || out.Len() == 0 {
			t.Fatalf("%v, %d bytes", err, out.Len())
		}
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != len(r.Rows)+1 {
		t.Errorf("%d rows of CSV for %d: %v", len(rows), len(r.Rows), err)
	}
	for _, s := range []string{page.String(), strings.ReplaceAll(picture.String(), `xmlns="http://www.w3.org/2000/svg"`, "")} {
		if strings.Contains(strings.ReplaceAll(s, `xmlns="http://www.w3.org/2000/svg"`, ""), "http") || strings.Contains(s, "NaN") {
			t.Error("a page or picture wants something from outside, or shows no number")
		}
	}
	if n := strings.Count(page.String(), "<circle"); n != 7 {
		t.Errorf("%d points in the picture, want 7: policy and rule under three weightings each, fixed-2s once", n)
	}
	if n := strings.Count(page.String(), "<td>bursts / "); n != 2 {
		t.Errorf("%d groups of the only source in the page, want sighted and target", n)
	}
	if !strings.Contains(text.String(), "missed") || !strings.Contains(page.String(), "missed") {
		t.Error("no goals")
	}
}

func TestRunStopsWhereItIsAskedTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small(t, "bursts", nil, nil, nil)
	o.Progress = func(done, total int) {
		if done >= 3 {
			cancel()
		}
		if total < 1000 {
			t.Errorf("%d runs in all", total)
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNotKnownIsNamed(t *testing.T) {
	o := small(t, "bursts", nil, nil, nil)
	o.Rivals = []string{"nobody"}
	if _, err := Run(t.Context(), o); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("rival: %v", err)
	}
	if _, err := Sources("", "bursts,nothing"); !errors.Is(err, ErrUnknown) {
		t.Errorf("workload: %v", err)
	}
	if _, err := SelectKinds([]string{"heavy"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("kind: %v", err)
	}
	for _, o := range []Options{{}, {Sources: o.Sources, Kinds: o.Kinds, Weightings: o.Weightings}} {
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrNothing) {
			t.Errorf("nothing to play: %v", err)
		}
	}
	if _, err := Sources(t.TempDir(), ""); !errors.Is(err, ErrNothing) {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Sources(filepath.Join(t.TempDir(), "none"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}
