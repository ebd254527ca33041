package pretrain

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env/sim"
	"rubato/policy"
)

// A long valley at an angle to the axes, with ragged ground.
func TestTheEvolutionStrategyFindsTheBottomOfAValley(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 9))
	c := newCMA(rand.New(rand.NewPCG(1, 2)), make([]float64, 6), 0.3)
	valley := func(x []float64) float64 {
		sum := 0.0
		for i := range x {
			along := x[i] - 1
			if i > 0 {
				along += x[i-1] - 1
			}
			sum += math.Pow(10, float64(i)/2) * along * along
		}
		return sum + 0.0001*noise.NormFloat64()
	}
	for range 250 {
		generation, err := c.ask()
		if err != nil {
			t.Fatal(err)
		}
		for i := range generation {
			generation[i].score = valley(generation[i].x)
		}
		c.tell(generation)
	}
	for i, x := range c.mean {
		if math.Abs(x-1) > 0.1 {
			t.Errorf("coordinate %d is %v, want 1", i, x)
		}
	}
}

func TestASearchOfTheSameSeedEndsInTheSameLine(t *testing.T) {
	s := Search{Seed: 5, Drivers: 6, Length: time.Minute, Evaluations: 3}
	block := Blocks()[0]
	search := func() (lines policy.Lines, scores []float64) {
		lines, err := s.Run(context.Background(), StartLines(), block, func(_, _ int, score float64) {
			scores = append(scores, score)
		})
		if err != nil {
			t.Fatal(err)
		}
		return lines, scores
	}
	a, scores := search()
	b, _ := search()
	if a != b {
		t.Errorf("%+v and %+v", a, b)
	}
	if len(scores) < 2 || a == StartLines() {
		t.Errorf("scores %v, line %+v: nothing was searched", scores, a)
	}
}

func TestASearchThatIsStoppedSaysSo(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	s := Search{Seed: 5, Drivers: 2, Length: time.Minute, Evaluations: 2}
	if _, err := s.Run(ctx, StartLines(), Blocks()[0], nil); err == nil {
		t.Error("no error")
	}
}

// Every kind of driver is searched on, and every weight but once.
func TestTheBlocksShareNoWeight(t *testing.T) {
	kinds := map[sim.Kind]bool{}
	seen := map[[2]int]string{}
	for _, b := range Blocks() {
		kinds[b.Kind] = true
		line := 0
		if b.Blind {
			line = 1
		}
		for _, f := range b.Features {
			if other, twice := seen[[2]int{line, f}]; twice {
				t.Errorf("feature %d is searched by %s and %s", f, other, b.Name)
			}
			seen[[2]int{line, f}] = b.Name
		}
	}
	if len(kinds) != len(Kinds) {
		t.Errorf("%d kinds of driver are searched on, want %d", len(kinds), len(Kinds))
	}
}
