package tournament

import (
	"strings"
	"time"

	"rubato/policy/rules"
)

// Names of what plays beside the rules' own entries.
const (
	// PolicyName is the frozen policy.
	PolicyName = "rubato"
	// BestFixed is the fixed interval of the grid with the least cost of each
	// cell, BestWaiting the waiting-cost rule with the k that is best for it.
	BestFixed   = "best-fixed"
	BestWaiting = "waiting-cost-best-k"
	// Clairvoyant is the optimum on the true future.
	Clairvoyant = "clairvoyant"
)

// Rules that goals name.
const (
	WaitingRule       = "waiting-cost"
	WaitingEverywhere = "waiting-cost-everywhere"
	WaitingForecast   = "waiting-cost-forecast"
	SquareRoot        = "square-root"
	LinearRule        = "linear-threshold"
	waitingPrefix     = "waiting-cost"
	targetPrefix      = "target-"
)

// limit tells whether the rival is none that a tuner could run: it is chosen
// in hindsight, or told the future.
func limit(name string) bool {
	switch name {
	case BestFixed, BestWaiting, Clairvoyant:
		return true
	}
	e, ok := rules.Find(name)
	return inHindsight(name) || ok && e.Informed
}

// named tells whether another goal than "every other rule" judges the rival.
func named(name string) bool {
	return strings.HasPrefix(name, waitingPrefix) || strings.HasPrefix(name, targetPrefix) ||
		strings.TrimSuffix(name, rules.StepsSuffix) == LinearRule
}

// fixed tells whether the rival is an interval of the fixed grid.
func fixed(name string) bool {
	for _, d := range rules.Grid {
		if name == fixedName(d) {
			return true
		}
	}
	return false
}

// fixedName is the name of the grid's entry for an interval.
func fixedName(d time.Duration) string { return "fixed-" + d.String() }
