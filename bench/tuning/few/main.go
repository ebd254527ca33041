// Command few searches a threshold of the linear threshold's few features as the
// policy's line is searched: by the same strategy, on the same drivers, with as
// many candidates as the policy's block for queries whose backlog is seen. What
// it writes plays beside the policy by `rubato tournament --line`: the policy
// against a rule of few features and the same budget.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"

	"rubato/agent/pretrain"
	"rubato/env"
	"rubato/policy"
	"rubato/policy/rules"
)

func main() {
	s := pretrain.DefaultSearch()
	out := flag.String("out", "bench/results/few.json", "the line's `file` to write")
	flag.Uint64Var(&s.Seed, "seed", s.Seed, "seed of all that is drawn")
	flag.IntVar(&s.Drivers, "drivers", s.Drivers, "drivers that candidates are compared on")
	flag.IntVar(&s.Evaluations, "evaluations", s.Evaluations, "candidates for each weight of the policy's block")
	flag.DurationVar(&s.Length, "length", s.Length, "virtual time that a driver is played for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, *out); err != nil {
		fmt.Fprintln(os.Stderr, "rubato: few:", err)
		os.Exit(1)
	}
}

// block is the policy's block for sighted queries, with the linear threshold's
// features of those alone: the constant, and four.
func block() pretrain.Block {
	b := pretrain.Blocks()[0]
	b.Pressure = false
	b.Features = []int{env.FeatureTrend, env.FeatureForecast3, env.FeatureOverhead, env.FeatureImposed}
	return b
}

func run(ctx context.Context, s pretrain.Search, out string) error {
	policys, few := pretrain.Blocks()[0], block()
	s.Evaluations = s.Evaluations * policys.Numbers() / few.Numbers()
	start := policy.Lines{Sighted: policy.Line{Bias: math.Log(rules.DefaultThreshold)}}
	lines, err := s.Run(ctx, start, few, func(generation, of int, score float64) {
		fmt.Fprintf(os.Stderr, "generation %d of %d: cost / the rule's %.4f\n", generation, of, math.Exp(score))
	})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(lines, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", out, err)
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the line: %w", err)
	}
	return nil
}
