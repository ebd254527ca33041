package calibrate

import (
	"cmp"
	"math"
	"slices"
)

const (
	// longestPeriod is the longest period looked for, batches.
	longestPeriod = 64
	// sure is how many standard deviations a rank correlation has to be off.
	sure = 5
	// surePeriod is the same of the rank sums of periods, of which two thousand are
	// looked at.
	surePeriod = 6
	// worth is the least share of a batch's fitted time that a snapshot adds.
	worth = 0.1
)

// periodic says which batches are slow ones: those whose Number is phase
// modulo every. every is 0 where none are.
type periodic struct{ every, phase uint64 }

func (p periodic) hits(number uint64) bool { return p.every > 0 && number%p.every == p.phase }

// findPeriod looks for a period in the batches' relative errors: the one whose
// batches rank highest above the others. Multiples and divisors of the true
// period stand out less, since they hold fewer slow batches, or others too.
func findPeriod(numbers []uint64, errors []float64) periodic {
	ranks := rank(errors)
	n := float64(len(ranks))
	var best periodic
	top := float64(surePeriod)
	for every := uint64(2); every <= longestPeriod; every++ {
		sums, counts := make([]float64, every), make([]float64, every)
		for i, number := range numbers {
			sums[number%every] += ranks[i]
			counts[number%every]++
		}
		for phase := range every {
			m := counts[phase]
			if m < 4 || n-m < 4 {
				continue
			}
			z := (sums[phase]/m - (n+1)/2) / math.Sqrt((n+1)*(n-m)/(12*m))
			if z > top {
				best, top = periodic{every, phase}, z
			}
		}
	}
	return best
}

// rank is each value's place among all, from 1.
func rank(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for place, i := range order {
		ranks[i] = float64(place + 1)
	}
	return ranks
}
