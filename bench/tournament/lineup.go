package tournament

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rubato/policy"
	"rubato/policy/rules"
)

// waitingGrid are the k that BestWaiting is chosen from.
var waitingGrid = []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1, 1.3}

// ErrUnknown says that a name of a rival, kind, workload or weighting is not
// known.
var ErrUnknown = errors.New("unknown name")

// RivalNames lists all that can be asked for beside the policy.
func RivalNames() []string {
	var names []string
	for _, e := range rules.Rivals() {
		names = append(names, e.Name)
		if tunable(e) {
			names = append(names, e.Name+HindsightSuffix)
		}
	}
	return append(names, BestFixed, BestWaiting, Clairvoyant)
}

// lineup is who plays: the policy, if there is one, the lines, and the named
// rivals; where none are named all of them, but for rules tuned in hindsight.
func lineup(a *policy.Artefact, lines map[string]*policy.Lines, names []string) ([]contestant, error) {
	if err := CheckRivals(names); err != nil {
		return nil, err
	}
	wanted := func(name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	var all []contestant
	if a != nil {
		all = append(all, contestant{name: PolicyName, make: func(*bout) (player, error) { return newPolicyPlayer(a) }})
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		all = append(all, contestant{name: name, make: func(*bout) (player, error) { return &linePlayer{lines: lines[name]}, nil }})
	}
	for _, e := range rules.Rivals() {
		c := contestant{
			name: e.Name, skip: skips(e.Name), hidden: !wanted(e.Name), plain: !e.Forecasts,
			make: func(b *bout) (player, error) { return newRulePlayer(b, e, e.Values()) },
		}
		if fixed(e.Name) && wanted(BestFixed) {
			c.pool, c.chosen = BestFixed, strings.TrimPrefix(e.Name, "fixed-")
		}
		if c.pool != "" || !c.hidden {
			all = append(all, c)
		}
		if tunable(e) && slices.Contains(names, e.Name+HindsightSuffix) {
			all = append(all, variantsOf(e)...)
		}
	}
	if wanted(BestWaiting) {
		if e, ok := rules.Find(WaitingRule); ok {
			for _, k := range waitingGrid {
				all = append(all, contestant{
					name: fmt.Sprintf("%s-%g", WaitingRule, k), hidden: true,
					plain: !e.Forecasts, pool: BestWaiting, chosen: fmt.Sprintf("k %g", k),
					make: func(b *bout) (player, error) { return newRulePlayer(b, e, []float64{k, k}) },
				})
			}
		}
	}
	if wanted(Clairvoyant) {
		all = append(all, contestant{
			name: Clairvoyant, skip: func(c Cell) bool { return !foreseeable(c) }, make: newClairvoyantPlayer,
		})
	}
	return all, nil
}

// skips tells where a rule does what another does, by its own definition: the
// target-aware ones without a target, the forecast where all is seen.
func skips(name string) func(Cell) bool {
	switch {
	case strings.HasPrefix(name, targetPrefix):
		return func(c Cell) bool { return c.Weighting.Target == 0 }
	case strings.HasPrefix(name, WaitingForecast):
		return func(c Cell) bool { return c.Group() != Blind }
	}
	return func(Cell) bool { return false }
}
