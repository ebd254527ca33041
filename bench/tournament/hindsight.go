package tournament

import (
	"fmt"
	"math"
	"strings"

	"rubato/policy/rules"
)

// HindsightSuffix ends the name of a rule that has, in each cell, the values
// best for it of those around the committed ones. It plays where it is named.
const HindsightSuffix = "/hindsight"

// moves are by how much of its range, of the range of its logarithm where that
// is what was searched, a parameter is moved.
var moves = []float64{-0.15, -0.05, 0.05, 0.15}

// tunable tells whether the rule may be tuned in hindsight.
func tunable(e rules.Entry) bool { return !e.Steps && len(e.Parameters) > 0 }

// variantsOf are the rule as committed and with one parameter moved, of which
// each cell has the best.
func variantsOf(e rules.Entry) []contestant {
	var all []contestant
	add := func(chosen string, values []float64) {
		all = append(all, contestant{
			name: e.Name + " " + chosen, hidden: true, plain: !e.Forecasts, skip: skips(e.Name),
			pool: e.Name + HindsightSuffix, chosen: chosen,
			make: func(b *bout) (player, error) { return newRulePlayer(b, e, values) },
		})
	}
	add("as committed", e.Values())
	for i, p := range e.Parameters {
		for _, by := range moves {
			values := e.Values()
			values[i] = moved(p, values[i], by)
			add(fmt.Sprintf("%s %.4g", p.Name, values[i]), values)
		}
	}
	return all
}

// moved is the parameter's value v moved within its range.
func moved(p rules.Parameter, v, by float64) float64 {
	if p.Log {
		v *= math.Pow(p.High/p.Low, by)
	} else {
		v += by * (p.High - p.Low)
	}
	return min(max(v, p.Low), p.High)
}

// inHindsight tells whether the name is that of a rule tuned so.
func inHindsight(name string) bool { return strings.HasSuffix(name, HindsightSuffix) }
