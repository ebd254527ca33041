package sim_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/env/sim"
)

// several is a driver of n queries like those of config.
func several(t testing.TB, n int, load func() sim.Load) sim.Driver {
	t.Helper()
	d := sim.Driver{Cores: 1, Contention: 1}
	for i := range n {
		c := config(t, uint64(i+1), load)
		c.Query, c.Duration, c.Past = env.QueryKey(fmt.Sprintf("app/q%d", i)), 2*time.Minute, time.Hour
		d.Queries = append(d.Queries, c)
	}
	return d
}

func openDriver(t testing.TB, d sim.Driver) *sim.Sim {
	t.Helper()
	s, err := sim.NewDriver(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What batches take in course together is what they would take alone, spread
// over the time by the speed that their number allows.
func TestContentionConservesWork(t *testing.T) {
	for _, cores := range []float64{1, 2, 3} {
		for _, contention := range []float64{0, 0.5, 1} {
			d := several(t, 5, loads["steady"])
			d.Cores, d.Contention = cores, contention
			var triggers []sim.Trigger
			alone := 0.0
			for i := range d.Queries {
				c := &d.Queries[i]
				c.Noise, c.Configured = 0, 700*time.Millisecond
				c.OnTrigger = func(x sim.Trigger) {
					if x.Outcome == env.Batch {
						triggers = append(triggers, x)
						alone += c.Overhead.Seconds() + c.PerRow*x.Rows
					}
				}
			}
			openDriver(t, d).Run()
			// Between any two edges of batches their number stands still.
			done, slowed := 0.0, false
			var edges []env.Time
			for _, x := range triggers {
				edges = append(edges, x.Start, x.End)
			}
			slices.Sort(edges)
			for i := 1; i < len(edges); i++ {
				k := 0.0
				for _, x := range triggers {
					if x.Start <= edges[i-1] && x.End >= edges[i] {
						k++
					}
				}
				slowed = slowed || k > cores
				done += k * edges[i].Sub(edges[i-1]) / (1 + contention*max(k-cores, 0)/cores)
			}
			// Batches cut off by the end are in neither sum but slow the others.
			if math.Abs(done/alone-1) > 0.01 || !slowed && cores == 1 {
				t.Errorf("%v cores, contention %v: %v s of work done for %v, slowed %v", cores, contention, done, alone, slowed)
			}
		}
	}
}

func TestABatchAmongOthersTakesLonger(t *testing.T) {
	mean := func(contention float64) float64 {
		d := several(t, 4, loads["steady"])
		d.Contention = contention
		n, sum := 0.0, 0.0
		for i := range d.Queries {
			d.Queries[i].Configured = 600 * time.Millisecond
			d.Queries[i].OnTrigger = func(x sim.Trigger) {
				if x.Outcome == env.Batch {
					n++
					sum += x.End.Sub(x.Start)
				}
			}
		}
		openDriver(t, d).Run()
		return sum / n
	}
	if alone, among := mean(0), mean(1); among < 1.3*alone {
		t.Errorf("a batch takes %v s without contention and %v with", alone, among)
	}
}

func TestQueriesSeeTheirDriver(t *testing.T) {
	d := several(t, 3, loads["steady"])
	for i := range d.Queries {
		d.Queries[i].Configured = time.Second
	}
	s := openDriver(t, d)
	var running, left, busy float64
	seen := map[env.QueryKey]bool{}
	for {
		tick, ok := s.Next()
		if !ok {
			break
		}
		o := &tick.Observation
		seen[tick.Query] = true
		if o.DriverQueries != 2 || o.DriverRunning > 2 || o.DriverRunning == 0 && o.DriverLeft != 0 {
			t.Fatalf("%s sees %v running of %v, %v s left", tick.Query, o.DriverRunning, o.DriverQueries, o.DriverLeft)
		}
		running, left, busy = max(running, o.DriverRunning), max(left, o.DriverLeft), o.DriverBusy
	}
	if len(seen) != 3 || running != 2 || left == 0 || busy < 0.3 {
		t.Errorf("%d queries ticked, %v running at most, %v s left at most, %v busy", len(seen), running, left, busy)
	}
}

// Who has waited longest for a driver is asked as soon as a batch there ends.
func TestTheEndOfABatchIsATickOfTheQueryThatHasWaitedLongest(t *testing.T) {
	d := several(t, 3, loads["steady"])
	s := openDriver(t, d)
	var at env.Time
	before := map[float64]int{}
	together := 0
	for tick, ok := s.Next(); ok; tick, ok = s.Next() {
		if tick.At == at {
			together++
		}
		at = tick.At
		before[tick.Observation.DriverBefore]++
	}
	if ends := int(s.Score(0).Batch + s.Score(1).Batch + s.Score(2).Batch); together < ends {
		t.Errorf("%d batches ended, and %d ticks fell together", ends, together)
	}
	if before[0] == 0 || before[1] == 0 || before[2] == 0 || len(before) != 3 {
		t.Errorf("ticks by how many have waited longer: %v", before)
	}
}

// same fails unless the two go the same way to the end under the same actions.
func same(t interface{ Fatalf(string, ...any) }, a, b *sim.Sim, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 33))
	for {
		x, ok := a.Next()
		y, also := b.Next()
		if x != y || ok != also {
			t.Fatalf("one ticks %+v, the other %+v", x, y)
		}
		if !ok {
			break
		}
		switch rng.IntN(8) {
		case 0:
			d := time.Duration(rng.IntN(5000)+1) * time.Millisecond
			a.Command(x.Query, d)
			b.Command(x.Query, d)
		case 1, 2:
			rung := int(x.Observation.Rung) + rng.IntN(3) - 1
			a.Act(x.Query, rung)
			b.Act(x.Query, rung)
		}
	}
	for i := range a.Queries() {
		if a.Score(i) != b.Score(i) || a.Latency(i) != b.Latency(i) {
			t.Fatalf("query %d scores %+v, and %+v", i, a.Score(i), b.Score(i))
		}
	}
}

func TestACopyGoesTheSameWay(t *testing.T) {
	warm := &sim.Sim{}
	rapid.Check(t, func(rt *rapid.T) {
		kind := sim.Kind(rapid.IntRange(0, sim.NumKinds-1).Draw(rt, "kind"))
		seed := rapid.Uint64Range(0, 1000).Draw(rt, "seed")
		d := sim.RandomDriver(rand.New(rand.NewPCG(seed, 1)), kind)
		for i := range d.Queries {
			d.Queries[i].Duration = 30 * time.Second
			d.Queries[i].Forecaster = config(t, 0, loads["steady"]).Forecaster
		}
		s := openDriver(t, d)
		for range rapid.IntRange(0, 200).Draw(rt, "before") {
			tick, ok := s.Next()
			if !ok {
				break
			}
			s.Act(tick.Query, int(tick.Observation.Rung)+rapid.IntRange(-1, 1).Draw(rt, "way"))
		}
		var cold sim.Sim
		cold.CopyFrom(s)
		warm.CopyFrom(s) // it was another before
		again := &sim.Sim{}
		again.CopyFrom(&cold)
		same(rt, s, &cold, seed)
		same(rt, warm, again, seed)
	})
}

func TestCopyingAgainAllocatesNothing(t *testing.T) {
	d := several(t, 3, loads["bursty"])
	s, c := openDriver(t, d), &sim.Sim{}
	c.CopyFrom(s)
	if n := testing.AllocsPerRun(50, func() {
		for range 20 {
			tick, _ := s.Next()
			s.Act(tick.Query, int(tick.Observation.Rung)-1)
		}
		c.CopyFrom(s)
		c.Next()
	}); n != 0 {
		t.Errorf("%v allocations a copy", n)
	}
}

// A run without ticks is the run of a fixed interval.
func TestRunIsWhatTicksWithoutCommandsAre(t *testing.T) {
	for kind := range sim.Kind(sim.NumKinds) {
		d := sim.RandomDriver(rand.New(rand.NewPCG(4, uint64(kind))), kind)
		for i := range d.Queries {
			d.Queries[i].Duration = 5 * time.Minute
		}
		a, b := openDriver(t, d), openDriver(t, d)
		a.Run()
		for {
			if _, ok := b.Next(); !ok {
				break
			}
		}
		for i := range a.Queries() {
			if a.Score(i) != b.Score(i) {
				t.Errorf("%v: %+v, and %+v", kind, a.Score(i), b.Score(i))
			}
		}
		if _, ok := a.Next(); ok {
			t.Errorf("%v: a tick after the run", kind)
		}
	}
}

func TestNoiseDependsOnTheSecondAlone(t *testing.T) {
	lasted := func(configured time.Duration) map[env.Time]float64 {
		c := config(t, 3, loads["steady"])
		c.Configured, c.Noise, c.PerRow = configured, 0.3, 0
		c.Straggler = sim.Straggler{Probability: 0.1, Factor: 4}
		out := map[env.Time]float64{}
		c.OnTrigger = func(x sim.Trigger) {
			if x.Outcome == env.Batch {
				out[x.Start/1e9] = x.End.Sub(x.Start)
			}
		}
		open(t, c).Run()
		return out
	}
	a, b := lasted(2*time.Second), lasted(3*time.Second)
	both, differ := 0, map[float64]bool{}
	for at, x := range a {
		if y, ok := b[at]; ok {
			both++
			differ[x] = true
			if x != y {
				t.Errorf("a batch in second %d takes %v s, and %v", at, x, y)
			}
		}
	}
	if both < 100 || len(differ) < both/2 {
		t.Errorf("%d seconds in common with %d durations", both, len(differ))
	}
}

func TestACommandSetsAnyIntervalARoundTripLater(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Noise, c.Duration = 0, time.Minute
	var starts []env.Time
	c.OnTrigger = func(x sim.Trigger) { starts = append(starts, x.Start) }
	s := open(t, c)
	tick, _ := s.Next() // the end of the first batch
	s.Command(c.Query, 777*time.Millisecond)
	next, _ := s.Next()
	if next.Observation.Interval != 0.777 || tick.Observation.Interval != 2 || next.Observation.Rung != 1 {
		t.Errorf("an interval of %v s on rung %v", next.Observation.Interval, next.Observation.Rung)
	}
	for s.Now() < 10e9 {
		s.Next()
	}
	before := len(starts)
	s.Command(c.Query, -time.Second)
	s.Command("another", time.Second)
	for range 20 {
		s.Next()
	}
	for i := 1; i < len(starts); i++ {
		d := starts[i].Sub(starts[i-1])
		if i < before && math.Abs(d-0.777) > 1e-9 || i > before+1 && (d < 0.25 || d > 0.35) {
			t.Errorf("triggers %d and %d of %d are %v s apart", i-1, i, before, d)
		}
	}
	if s.Score(0).Switch != 2 || before < 10 || len(starts) < before+5 { // from 1.6 s to 0.4 s to 0.1 s
		t.Errorf("%v switches, %d triggers and then %d", s.Score(0).Switch, before, len(starts))
	}
}

func TestABatchThatOutlastsItsRungIsAnsweredBeforeTheNextBegins(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Noise, c.Overhead, c.Duration = 0, time.Second, time.Minute
	var triggers []sim.Trigger
	c.OnTrigger = func(x sim.Trigger) { triggers = append(triggers, x) }
	s := open(t, c)
	for tick, ok := s.Next(); ok; tick, ok = s.Next() {
		rung := 4 // 25.6 s
		if tick.Observation.SinceTrigger > 3 {
			rung = 1 // 0.4 s
		}
		s.Act(tick.Query, rung)
	}
	for i := 2; i < len(triggers); i++ {
		if d := triggers[i].Start.Sub(triggers[i-1].Start); d < 3 || d > 3.3 {
			t.Errorf("triggers %d and %d are %v s apart, want 3 s, though a batch is longer than the rung that began it", i-1, i, d)
		}
	}
	if len(triggers) < 15 {
		t.Errorf("%d triggers", len(triggers))
	}
}

func TestBadDriversAreNamed(t *testing.T) {
	twice := several(t, 2, loads["steady"])
	twice.Queries[1].Query = twice.Queries[0].Query
	negative := several(t, 1, loads["steady"])
	negative.Contention = -1
	for name, d := range map[string]sim.Driver{"twice": twice, "negative": negative, "none": {}} {
		if _, err := sim.NewDriver(d); !errors.Is(err, sim.ErrDriver) {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := several(t, 1, loads["steady"])
	late.Queries[0].PerRow = math.NaN()
	if _, err := sim.NewDriver(late); !errors.Is(err, sim.ErrBatches) {
		t.Errorf("rows of NaN s: %v", err)
	}
}
