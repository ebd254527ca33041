package tournament

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
)

const (
	// BlockSeconds is the length of a bootstrap block, s.
	BlockSeconds = 120
	// resamples is how often the blocks are drawn anew.
	resamples = 1000
)

// block is the cost that fell into one stretch of time.
type block struct {
	key           int // its place in the source: equal places are one unit
	cost, seconds float64
}

// pool joins blocks of equal key, in the order of the keys.
func pool(blocks []block) []block {
	sorted := slices.Clone(blocks)
	slices.SortStableFunc(sorted, func(a, b block) int { return a.key - b.key })
	out := sorted[:0]
	for _, b := range sorted {
		if n := len(out); n > 0 && out[n-1].key == b.key {
			out[n-1].cost += b.cost
			out[n-1].seconds += b.seconds
			continue
		}
		out = append(out, b)
	}
	return out
}

// rate is the cost a second over all blocks.
func rate(blocks []block) float64 {
	var cost, seconds float64
	for _, b := range blocks {
		cost += b.cost
		seconds += b.seconds
	}
	return cost / seconds
}

// resampled returns the rate of each resample of the pooled blocks. The draws
// depend on the source's name and the number of blocks alone, so all rivals,
// and all cells of one source, are resampled alike.
func resampled(source string, blocks []block) []float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(source))
	rng := rand.New(rand.NewPCG(h.Sum64(), 0xb007))
	out := make([]float64, resamples)
	for i := range out {
		var cost, seconds float64
		for range blocks {
			b := &blocks[rng.IntN(len(blocks))]
			cost += b.cost
			seconds += b.seconds
		}
		out[i] = cost / seconds
	}
	return out
}

// interval is the middle 95 % of xs, which it sorts.
func interval(xs []float64) (low, high float64) {
	slices.Sort(xs)
	return xs[len(xs)*25/1000], xs[min(len(xs)*975/1000, len(xs)-1)]
}

func sum(xs []float64) float64 {
	var s float64
	for _, x := range xs {
		s += x
	}
	return s
}
