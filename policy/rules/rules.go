package rules

import (
	"sort"

	"rubato/env"
	"rubato/policy"
)

// registry holds every rule by its name in the configuration.
var registry = map[string]func() policy.Policy{
	"fixed":        func() policy.Policy { return Fixed{} },
	"waiting-cost": func() policy.Policy { return WaitingCost{Threshold: DefaultThreshold} },
}

// Lookup returns what makes the named rule.
func Lookup(name string) (func() policy.Policy, bool) {
	f, ok := registry[name]
	return f, ok
}

// Names lists the rules, sorted.
func Names() []string {
	names := make([]string, 0, len(registry))
	for name := range registry {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// certain puts all probability on a, or on Keep where the mask forbids a. Keep
// itself is never forbidden.
func certain(a env.Action, mask env.Mask, p *policy.Probabilities) {
	*p = policy.Probabilities{}
	if !mask[a] {
		a = env.Keep
	}
	p[a] = 1
}
