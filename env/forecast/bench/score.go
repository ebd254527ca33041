package bench

import (
	"math"

	"rubato/env/forecast"
)

const (
	warm    = 300 // s
	farther = 5   // s: how far ahead a transition is looked for
	moves   = 0.2 // of the slow mean: more is a transition
)

// Series is what models are judged on.
type Series struct {
	// Counts are the events of each second, Means the mean rate that they were
	// drawn from.
	Counts, Means []float64
}

// transitions marks the seconds from which the mean rate moves within 5 s.
func (s *Series) transitions() []bool {
	marks := make([]bool, len(s.Means))
	var scaler forecast.Scaler
	var x [forecast.Inputs]float64
	for t, m := range s.Means {
		scaler.Step(m, &x)
		for u := t + 1; u <= t+farther && u < len(s.Means); u++ {
			if math.Abs(s.Means[u]-m) > moves*scaler.Scale() {
				marks[t] = true
			}
		}
	}
	return marks
}

// score is how a model did at one horizon, in sums over seconds.
type score struct {
	seconds, changing        float64
	miss, changingMiss       float64
	pinball, in90, in80, one float64
}

// judge runs a model along a series.
func judge(m model, s *Series, marks []bool) (scores [3]score) {
	var q [3][5]float64
	for t, rate := range s.Counts {
		m.step(rate, &q)
		if t < warm {
			continue
		}
		for i, h := range forecast.Horizons {
			if t+h >= len(s.Counts) {
				continue
			}
			scores[i].add(s.Counts[t+h], &q[i], marks[t])
			scores[i].one += math.Abs(s.Counts[t+1] - rate)
		}
	}
	return scores
}

func (c *score) add(y float64, q *[5]float64, changing bool) {
	miss := math.Abs(y - q[2])
	c.seconds++
	c.miss += miss
	if changing {
		c.changing++
		c.changingMiss += miss
	}
	for k := 1; k <= 3; k++ {
		u := y - q[k]
		c.pinball += max(forecast.Levels[k]*u, (forecast.Levels[k]-1)*u) / 3
	}
	if y >= q[0] && y <= q[4] {
		c.in90++
	}
	if y >= q[1] && y <= q[3] {
		c.in80++
	}
}
