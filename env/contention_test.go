package env

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestContentionIsTheSlopeOfTheDurationInTheNumberOfOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	var c contention
	for range 400 {
		c.Beside = float64(rng.IntN(4))
		end := float64(rng.IntN(4))
		c.Ratio = (1 + 0.4*(c.Beside+end)/2) * math.Exp(0.1*rng.NormFloat64())
		c.end(end)
	}
	if got := c.slope(); math.Abs(got-0.4) > 0.06 {
		t.Errorf("contention %v, want 0.4", got)
	}
}

func TestNoContentionIsFoundWhereOthersDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 3))
	var c contention
	if c.slope() != 0 {
		t.Errorf("contention %v before any batch", c.slope())
	}
	for range 400 {
		c.Beside = float64(rng.IntN(4))
		c.Ratio = math.Exp(0.1 * rng.NormFloat64())
		c.end(float64(rng.IntN(4)))
	}
	if got := c.slope(); got > 0.06 {
		t.Errorf("contention %v, want about 0", got)
	}
}
