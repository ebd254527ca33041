package tournament

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"rubato/configs"
	"rubato/env"
)

// Weighting prices the cost.
type Weighting struct {
	Name    string
	Weights env.Weights
	// Target is the latency target; zero for none.
	Target time.Duration
}

// Weightings lists the default ones: the named profiles of the configuration,
// and two with a latency target. "target" prices lateness on top of the
// balanced profile; "deadline" wants events in time, and delay within the
// target costs little.
func Weightings() []Weighting {
	var all []Weighting
	for _, name := range configs.Profiles() {
		g := configs.Group{Profile: name}
		all = append(all, Weighting{Name: name, Weights: env.Weights(g.Resolve(time.Second).Weights)})
	}
	target := Weighting{Name: "target", Weights: all[1].Weights, Target: 3 * time.Second}
	target.Weights.Miss = 5
	return append(all, target, Weighting{
		Name: "deadline", Target: 5 * time.Second,
		Weights: env.Weights{Latency: 0.1, Empty: 0.3, Batch: 0.3, Miss: 10},
	})
}

// ErrWeights says that a file of weightings cannot be used.
var ErrWeights = errors.New("unusable weightings")

// ReadWeightings reads a YAML file that maps names to weights, as rubato.yaml
// has them under weights, and optionally a target:
//
//	patient: {latency: 1, empty: 5, batch: 5}
//	prompt: {latency: 1, batch: 0.1, miss: 10, target: 2s}
//
// Errors name the file, and the line where one is at fault.
func ReadWeightings(path string) ([]Weighting, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read weightings: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("read weightings: %s: %w: %s", path, ErrWeights, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode || len(doc.Content[0].Content) == 0 {
		return nil, fmt.Errorf("read weightings: %s:1: want names with weights: %w", path, ErrWeights)
	}
	var all []Weighting
	seen := map[string]bool{}
	for pairs := doc.Content[0].Content; len(pairs) > 0; pairs = pairs[2:] {
		w, at, err := readWeighting(pairs[0].Value, pairs[1])
		if err == nil && seen[w.Name] {
			err, at = errors.New("is there twice"), pairs[0].Line
		}
		if err != nil {
			return nil, fmt.Errorf("read weightings: %s:%d: %s: %w: %w", path, at, pairs[0].Value, ErrWeights, err)
		}
		seen[w.Name] = true
		all = append(all, w)
	}
	return all, nil
}

func readWeighting(name string, n *yaml.Node) (w Weighting, line int, err error) {
	w.Name = name
	if n.Kind != yaml.MappingNode {
		return w, n.Line, errors.New("want weights by name")
	}
	fields := map[string]*float64{
		"latency": &w.Weights.Latency, "empty": &w.Weights.Empty, "batch": &w.Weights.Batch,
		"backlog": &w.Weights.Backlog, "miss": &w.Weights.Miss, "switch": &w.Weights.Switch,
	}
	for pairs := n.Content; len(pairs) > 0; pairs = pairs[2:] {
		key, value := pairs[0], pairs[1]
		if key.Value == "target" {
			if w.Target, err = time.ParseDuration(value.Value); err != nil || w.Target < 0 {
				return w, value.Line, fmt.Errorf("target %q: want a duration with a unit", value.Value)
			}
			continue
		}
		to, ok := fields[key.Value]
		if !ok {
			return w, key.Line, fmt.Errorf("%q is no weight", key.Value)
		}
		if err := value.Decode(to); err != nil || !(*to >= 0) || *to > 1e6 {
			return w, value.Line, fmt.Errorf("%s %q: want a number from 0 to 1e6", key.Value, value.Value)
		}
	}
	if w.Weights == (env.Weights{}) {
		return w, n.Line, errors.New("all weights are 0")
	}
	return w, 0, nil
}
