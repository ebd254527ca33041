package threshold

import (
	"context"
	"math"

	"rubato/env"
	"rubato/env/sim"
)

const (
	// block is the length of what is compared pair by pair, s.
	block = 60
	// Together is over how many blocks hangs together what a queue near overload
	// costs.
	Together = 5
)

// Play plays s, of one query, to its end and returns the weighted cost of each
// minute; the last holds what the queue left at the end is sure to cost. act may
// command s at each tick. It ends early when ctx is done.
func Play(ctx context.Context, s *sim.Sim, w env.Weights, act func(*env.Tick)) []float64 {
	var blocks []float64
	var booked float64
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		for t.At.Sub(0) >= block*float64(len(blocks)+1) {
			score := s.Score(0)
			cost := w.Cost(score.Components)
			blocks = append(blocks, cost-booked)
			booked = cost
			if ctx.Err() != nil {
				return blocks
			}
		}
		act(&t)
	}
	score := s.Score(0)
	return append(blocks, w.Cost(score.Components)+w.Cost(score.Leftover)-booked)
}

// Compare returns by how much a minute of other costs more than one of stands, on
// the mean, and the standard error of that, by Newey and West 1987: neighbouring
// minutes are not independent.
func Compare(stands, other []float64) (mean, deviation float64) {
	n := min(len(stands), len(other))
	for i := range n {
		mean += (other[i] - stands[i]) / float64(n)
	}
	for lag := range Together + 1 {
		covariance := 0.0
		for i := lag; i < n; i++ {
			covariance += (other[i] - stands[i] - mean) * (other[i-lag] - stands[i-lag] - mean)
		}
		if lag > 0 {
			covariance *= 2 * (1 - float64(lag)/float64(Together+1))
		}
		deviation += covariance
	}
	return mean, math.Sqrt(max(deviation, 0) / float64(n) / float64(max(n-1, 1)))
}
