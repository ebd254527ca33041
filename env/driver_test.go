package env

import (
	"math"
	"math/rand/v2"
	"testing"
)

// teach lets a driver see batches that last 1 + contention beyond(k, cores) of
// what they would alone, beside k others of up to most, give or take a tenth.
func teach(d *Driver, rng *rand.Rand, batches int, most, cores, contention float64) {
	d.Commanded += float64(batches)
	for range batches {
		k := most * rng.Float64()
		d.observe(k, slowed(k, cores, contention)*math.Exp(0.1*rng.NormFloat64()))
	}
}

func TestADriverFindsItsCoresAndItsContention(t *testing.T) {
	for _, want := range []struct{ cores, contention float64 }{{1, 1}, {1, 0.4}, {2, 1}, {3, 1}} {
		var d Driver
		teach(&d, rand.New(rand.NewPCG(4, 2)), 400, 6, want.cores, want.contention)
		if d.Cores != want.cores || math.Abs(d.Contention/want.contention-1) > 0.15 {
			t.Errorf("%v cores and contention %v, want %+v", d.Cores, d.Contention, want)
		}
	}
}

func TestNoContentionIsFoundWhereOthersDoNotMatter(t *testing.T) {
	var d Driver
	teach(&d, rand.New(rand.NewPCG(4, 3)), 400, 4, 1, 0)
	if d.Contention > 0.06 {
		t.Errorf("contention %v, want about 0", d.Contention)
	}
}

// Else queries that keep out of each other's way would forget why.
func TestContentionIsNotForgottenByBatchesAlone(t *testing.T) {
	var d Driver
	rng := rand.New(rand.NewPCG(4, 4))
	teach(&d, rng, 100, 2, 1, 1)
	before := d.Contention
	teach(&d, rng, 2000, 0, 1, 1)
	if d.Cores != 1 || math.Abs(d.Contention/before-1) > 0.2 {
		t.Errorf("contention %v on %v cores after 2000 batches alone, %v before", d.Contention, d.Cores, before)
	}
}

// Batches that were always beside one other, by the configured intervals, tell
// nothing of what they would take alone.
func TestQueriesTakeTurnsAtFirstHoweverLongTheyWereInEachOthersWay(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 6))
	var d Driver
	for range 500 {
		d.observe(1, math.Exp(0.1*rng.NormFloat64()))
	}
	if d.Cores != 1 || d.Contention < 0.5 {
		t.Errorf("contention %v on %v cores, want 0.5 and one at least", d.Contention, d.Cores)
	}
	d.Commanded = 200
	d.observe(1, 1)
	if d.Contention > 0.1 {
		t.Errorf("contention %v after 200 batches of commanded queries, want none", d.Contention)
	}
}

// The prediction is of batches alone, though none was seen alone.
func TestBatchesBesideOthersTeachWhatTheyWouldTakeAlone(t *testing.T) {
	const alone = 0.5 // s
	rng := rand.New(rand.NewPCG(4, 5))
	var d Driver
	k, other := NewTracker("q", "r", nil, 0), NewTracker("o", "r", nil, 0)
	now := Time(0)
	for range 600 {
		// The other's batch lasts for a share of this one's, slowed by half.
		share := 0.2 + 0.8*rng.Float64()
		lasts := alone / (1 - share/2)
		k.TriggerStart(now, 0)
		d.Begin(k, now)
		other.TriggerStart(now, 0)
		d.Begin(other, now)
		half := now.Add(share * lasts)
		other.TriggerEnd(half, Empty, half, 0, 0, false)
		d.End(other, half)
		now = now.Add(lasts)
		k.TriggerEnd(now, Batch, now, 0, 1, false)
		d.End(k, now)
	}
	if got := k.s.Alone.Overhead() + k.s.Alone.PerRow(); math.Abs(got/alone-1) > 0.15 {
		t.Errorf("%v s alone, want %v; %v cores, contention %v", got, alone, d.Cores, d.Contention)
	}
	if l := d.Neighbours(now); l.Cores != 1 || l.Contention < 0.7 || l.Running != 0 || l.Busy < 0.5 {
		t.Errorf("%+v, want 1 core and contention 1", l)
	}
}
