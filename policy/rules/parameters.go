package rules

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Tuned is what `make tune-rules` found: how it was found, and the values by
// rule and parameter.
type Tuned struct {
	Command string `json:"command"`
	Seed    uint64 `json:"seed"`
	// Minutes is the number of simulated query-minutes spent on each rule.
	Minutes float64              `json:"queryMinutesEach"`
	Rules   map[string]TunedRule `json:"rules"`
}

// TunedRule are the values of one rule. Objective is the geometric mean of its
// cost over that of the waiting-cost rule at 0.6 on the queries it was tuned on,
// HeldOut that on others like them; Default and HeldOutDefault are the same of
// its defaults.
type TunedRule struct {
	Objective      float64            `json:"objective"`
	Default        float64            `json:"default"`
	HeldOut        float64            `json:"heldOut"`
	HeldOutDefault float64            `json:"heldOutDefault"`
	Values         map[string]float64 `json:"values"`
}

//go:embed parameters.json
var committed []byte

// Committed returns the tuned values that this package embeds.
var Committed = sync.OnceValues(func() (Tuned, error) {
	var t Tuned
	if err := json.Unmarshal(committed, &t); err != nil {
		return Tuned{}, fmt.Errorf("reading the rules' tuned parameters: %w", err)
	}
	return t, nil
})

// Defaults returns the default values of the parameters, in order.
func (e Entry) Defaults() []float64 {
	values := make([]float64, len(e.Parameters))
	for i, p := range e.Parameters {
		values[i] = p.Default
	}
	return values
}

// Describe writes the committed values, as "k=0.66;k_blind=0.5": empty for a rule
// without parameters.
func (e Entry) Describe() string {
	parts := make([]string, len(e.Parameters))
	for i, v := range e.Values() {
		parts[i] = fmt.Sprintf("%s=%g", e.Parameters[i].Name, v)
	}
	return strings.Join(parts, ";")
}

// Described reads back what Describe wrote, of this version or an earlier one:
// the committed values where the text is empty.
func (e Entry) Described(text string) ([]float64, error) {
	values := e.Values()
	if text == "" {
		return values, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		name, number, _ := strings.Cut(part, "=")
		i := slices.IndexFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
		v, err := strconv.ParseFloat(number, 64)
		if i < 0 || err != nil {
			return nil, fmt.Errorf("%s: %q is no value of its parameters", e.Name, part)
		}
		values[i] = v
	}
	return values, nil
}

// Values returns the committed values of the parameters, in order; the default
// where none was committed.
func (e Entry) Values() []float64 {
	values := e.Defaults()
	tuned, err := Committed()
	if err != nil {
		return values
	}
	found := tuned.Rules[strings.TrimSuffix(e.Name, StepsSuffix)].Values
	for i, p := range e.Parameters {
		if v, ok := found[p.Name]; ok {
			values[i] = limited(v, p.Low, p.High)
		}
	}
	return values
}
