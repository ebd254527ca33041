package envtest

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"rubato/env"
)

// Harness is an environment of one query, and the truth about it.
type Harness struct {
	env.Environment
	// Truth holds at least all that happened up to the last tick.
	Truth *Truth
	// Settings are the query's. Weights, Target and Grace are set.
	Settings env.Settings
	// Past is how long before the start the query's mean rate is known of.
	Past time.Duration
}

// Run holds an environment to the suite; open makes a new one from a seed.
func Run(t *testing.T, open func(seed uint64) Harness) {
	t.Helper()
	for _, c := range []struct {
		name  string
		check func(*testing.T, uint64, Harness)
	}{
		{"TicksComeInOrderAndElapsedAddsUp", ticksInOrder},
		{"EveryValueIsFiniteAndInRange", valuesInRange},
		{"MaskIsTheLaddersAndActSetsTheRung", ladderHolds},
		{"EveryTriggerIsEmptyOrABatchAndTicksAtItsEnd", triggersCounted},
		{"FirstBatchesDoNotTeach", warmUp},
		{"CostIsThatOfTheEvents", costIsTrue},
		{"OutstandingIsThatOfTheEvents", outstandingIsTrue},
		{"IdleIsSinceTheLastEvent", idleIsTrue},
		{"EmptyShareIsThatOfTheTriggers", emptyShareIsTrue},
		{"ReferenceIsTheMeanOfTheClocksSeconds", referenceIsTrue},
		{"ShorteningActsInsideTheWait", shorteningActs},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { c.check(t, seed, open(seed)) })
			}
		})
	}
}

// seeds is how many runs each promise is checked on.
const seeds = 8

// wander drives the environment with random actions that hold for a while, and
// returns its ticks and the rungs asked for.
func wander(t *testing.T, seed uint64, h Harness) (ticks []env.Tick, asked []int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 21))
	way := env.Keep
	for {
		tick, ok := h.Next()
		if !ok {
			break
		}
		if rng.Float64() < 0.1 {
			way = env.Action(rng.IntN(env.NumActions))
		}
		rung := h.Settings.Ladder.Step(int(tick.Observation.Rung), way)
		if rng.Float64() < 0.7 {
			rung = int(tick.Observation.Rung)
		}
		ticks, asked = append(ticks, tick), append(asked, rung)
		h.Act(tick.Query, rung)
	}
	if len(ticks) < 200 {
		t.Fatalf("only %d ticks: the harness has to last three minutes", len(ticks))
	}
	return ticks, asked
}

func ticksInOrder(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	sum := 0.0
	for i, tick := range ticks {
		if tick.First != (i == 0) {
			t.Fatalf("tick %d: First is %v", i, tick.First)
		}
		if i == 0 {
			if tick.Elapsed != 0 {
				t.Fatalf("the first tick has %v s behind it", tick.Elapsed)
			}
			continue
		}
		if tick.At < ticks[i-1].At {
			t.Fatalf("tick %d at %d, after one at %d", i, tick.At, ticks[i-1].At)
		}
		if d := tick.At.Sub(ticks[i-1].At); math.Abs(d-tick.Elapsed) > 1e-6 {
			t.Fatalf("tick %d: %v s elapsed, %v went by", i, tick.Elapsed, d)
		}
		sum += tick.Elapsed
	}
	if d := ticks[len(ticks)-1].At.Sub(ticks[0].At); math.Abs(d-sum) > 1e-6*float64(len(ticks)) {
		t.Fatalf("elapsed adds up to %v of %v s", sum, d)
	}
}

func valuesInRange(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	var f env.Features
	for i := range ticks {
		o := &ticks[i].Observation
		eachField(o, func(name string, x float64) {
			if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
				t.Fatalf("tick %d: %s is %v", i, name, x)
			}
		})
		for _, c := range []*env.Components{&ticks[i].Cost, &ticks[i].Discounted} {
			eachField(c, func(name string, x float64) {
				if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
					t.Fatalf("tick %d: cost of %s is %v", i, name, x)
				}
			})
		}
		eachPair(&ticks[i].Discounted, &ticks[i].Cost, func(name string, disc, plain float64) {
			if disc > plain*(1+1e-9)+1e-9 {
				t.Fatalf("tick %d: %s of %v is %v discounted", i, name, plain, disc)
			}
		})
		if o.Sighted != 0 && o.Sighted != 1 || o.EmptyShare > 1 || o.DriverBusy > 1 ||
			o.Shorter > o.Longer || o.Period <= 0 || o.NextRows > o.Outstanding || o.NextPrice < 0.1 || o.NextPrice > 1 {
			t.Fatalf("tick %d: %+v", i, *o)
		}
		o.Features(&f)
		for j, x := range f {
			if !(x >= -4 && x <= 4) {
				t.Fatalf("tick %d: feature %s is %v", i, env.FeatureNames[j], x)
			}
		}
	}
}

func ladderHolds(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, asked := wander(t, seed, h)
	l := h.Settings.Ladder
	for i, tick := range ticks {
		o := &tick.Observation
		rung := int(o.Rung)
		mask := env.Mask{rung > 0, true, rung < l.Len()-1}
		if rung < 0 || rung >= l.Len() || o.Rungs != float64(l.Len()) || tick.Mask != mask {
			t.Fatalf("tick %d: rung %v of %v, mask %v", i, o.Rung, o.Rungs, tick.Mask)
		}
		if i > 0 && rung != asked[i-1] {
			t.Fatalf("tick %d: rung %d, asked for %d", i, rung, asked[i-1])
		}
		if i > 0 {
			moved := math.Abs(o.Rung - ticks[i-1].Observation.Rung)
			if tick.Cost.Switch != moved {
				t.Fatalf("tick %d: %v switches for %v rungs", i, tick.Cost.Switch, moved)
			}
		}
	}
}

func triggersCounted(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	ticked := map[env.Time]bool{}
	for i, tick := range ticks {
		if tick.Cost.Empty+tick.Cost.Batch > 1 {
			t.Fatalf("tick %d ends %v empty triggers and %v batches", i, tick.Cost.Empty, tick.Cost.Batch)
		}
		ticked[tick.At] = true
	}
	for i, x := range h.Truth.Triggers {
		if x.End > ticks[0].At && x.End <= ticks[len(ticks)-1].At && !ticked[x.End] {
			t.Fatalf("trigger %d ended at %v without a tick", i, x.End)
		}
		if i > 0 && x.Start < h.Truth.Triggers[i-1].End {
			t.Fatalf("trigger %d starts before the last one ended", i)
		}
	}
	for _, tick := range ticks {
		for _, x := range h.Truth.Triggers {
			if tick.At > x.Start && tick.At < x.End {
				t.Fatalf("a tick at %v, inside the trigger from %v to %v", tick.At, x.Start, x.End)
			}
		}
	}
}

func warmUp(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	batches := []env.Time{}
	for _, x := range h.Truth.Triggers {
		if x.Outcome == env.Batch {
			batches = append(batches, x.End)
		}
	}
	if len(batches) <= env.WarmupBatches {
		t.Fatalf("only %d batches", len(batches))
	}
	warm := batches[env.WarmupBatches-1]
	for i, tick := range ticks[1:] {
		if want := ticks[i].At >= warm; tick.Teaches != want {
			t.Fatalf("tick %d teaches: %v; the step begins at %v, warm at %v", i+1, tick.Teaches, ticks[i].At, warm)
		}
	}
}

func costIsTrue(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	ref := newReference(h.Truth)
	var told, toldDisc, is, isDisc env.Components
	for i, tick := range ticks[1:] {
		p, d := ref.step(ticks[i].At, tick.At, pricesOf(&ticks[i], h.Settings))
		if p.Empty != tick.Cost.Empty || math.Abs(p.Batch-tick.Cost.Batch) > 1e-9 {
			t.Fatalf("tick %d: %v empty and %v batches, told %v and %v", i+1, p.Empty, p.Batch, tick.Cost.Empty, tick.Cost.Batch)
		}
		is, isDisc = is.Add(p), isDisc.Add(d)
		told, toldDisc = told.Add(tick.Cost), toldDisc.Add(tick.Discounted)
	}
	is.Switch, isDisc.Switch = told.Switch, toldDisc.Switch
	scale := is.Latency
	compare := func(what string, told, is *env.Components) {
		eachPair(told, is, func(name string, x, y float64) {
			if math.Abs(x-y) > 0.02*y+0.002*scale {
				t.Fatalf("%s %s: told %v, is %v", what, name, x, y)
			}
		})
	}
	compare("plain", &told, &is)
	compare("discounted", &toldDisc, &isDisc)
}

func outstandingIsTrue(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	at := make([]env.Time, len(ticks))
	for i := range ticks {
		at[i] = ticks[i].At
	}
	var off, sum float64
	for i, n := range h.Truth.outstanding(at) {
		off += math.Abs(ticks[i].Observation.Outstanding - n)
		sum += n
	}
	if off > 0.08*sum {
		t.Fatalf("outstanding is off by %v of %v on the mean", off/float64(len(ticks)), sum/float64(len(ticks)))
	}
}

// shorteningActs waits at the longest interval, and shortens to the end of the
// ladder some seconds into a wait.
func shorteningActs(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	const slack = 0.05 // s for the command to travel
	rng := rand.New(rand.NewPCG(seed, 22))
	l := h.Settings.Ladder
	var started, deadline []env.Time
	down, after := false, 1+3*rng.Float64()
	for {
		tick, ok := h.Next()
		if !ok {
			break
		}
		o := &tick.Observation
		begun := tick.At.Add(-o.SinceTrigger)
		switch inWait := o.SinceTrigger > after && o.Interval-o.SinceTrigger > float64(l.Len())*o.Period+slack; {
		case down && len(started) > 0 && begun > started[len(started)-1].Add(0.05):
			down, after = false, 1+3*rng.Float64()
		case !down && inWait:
			down = true
			started, deadline = append(started, begun), append(deadline, begun.Add(o.Interval))
		}
		rung := int(o.Rung) + 1
		if down {
			rung = int(o.Rung) - 1
		}
		h.Act(tick.Query, min(max(rung, 0), l.Len()-1))
	}
	if len(started) < 2 {
		t.Fatalf("%d waits long enough to be shortened: the ladder has to reach 8 s and more", len(started))
	}
	for i, begun := range started[:len(started)-1] {
		for _, x := range h.Truth.Triggers {
			if x.Start > begun.Add(0.05) {
				if late := x.Start.Sub(deadline[i]); late > -slack/2 {
					t.Fatalf("shortened, the wait from %v still lasted until %v, %v s after the old deadline",
						begun, time.Duration(x.Start), late)
				}
				break
			}
		}
	}
}
