// Command rules tunes every rule of policy/rules on the training workloads and
// writes its parameters.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"rubato/bench/tuning"
	"rubato/policy/rules"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "rubato: tuning the rules:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	f := flag.NewFlagSet("rules", flag.ContinueOnError)
	out := f.String("out", "policy/rules/parameters.json", "the `file` to write")
	seed := f.Uint64("seed", 1, "draws the cells and the candidates")
	cells := f.Int("cells", 150, "cells that a candidate is judged on")
	length := f.Duration("length", 5*time.Minute, "virtual time of a cell")
	samples := f.Int("samples", 32, "random candidates, judged on a quarter of the cells")
	finalists := f.Int("finalists", 4, "those of them judged on all")
	steps := f.Int("steps", 40, "candidates of the evolution strategy, judged on all")
	only := f.String("only", "", "the `rules` to tune, by commas; the others stay as they are")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *cells < 1 || *samples < 1 || *finalists < 1 || *steps < 0 || *length < time.Minute {
		return fmt.Errorf("want a cell, a sample, a finalist and a minute at least")
	}
	b := tuning.Budget{Cells: *cells, Samples: *samples, Finalists: *finalists, Steps: *steps}
	all := rules.Tuned{
		Command: command(f),
		Seed:    *seed, Minutes: float64(b.Evaluations()) * length.Minutes(),
		Rules: map[string]rules.TunedRule{},
	}
	if *only != "" {
		before, err := rules.Committed()
		if err != nil {
			return err
		}
		all = before
	}
	return tune(&all, b, *seed, *length, *only, *out)
}

// write writes the values found so far.
func write(all *rules.Tuned, out string) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", out, err)
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the parameters: %w", err)
	}
	return nil
}

// command is how to do the same again.
func command(f *flag.FlagSet) string {
	line := "go run ./bench/tuning/rules"
	f.Visit(func(x *flag.Flag) {
		if x.Name != "out" {
			line += " -" + x.Name + " " + x.Value.String()
		}
	})
	return line
}

// tune fills all with every rule that has parameters, or with those named, and
// writes it after each.
func tune(all *rules.Tuned, b tuning.Budget, seed uint64, length time.Duration, only, out string) error {
	wanted := map[string]bool{}
	for _, name := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' }) {
		if _, ok := rules.Find(name); !ok {
			return fmt.Errorf("no rule %q", name)
		}
		wanted[name] = true
	}
	begun := time.Now()
	each := tuning.CellsOfAKind(b)
	training, err := tuning.Draw(each, 2*seed, length)
	if err != nil {
		return err
	}
	heldOut, err := tuning.Draw(each, 2*seed+1, length)
	if err != nil {
		return err
	}
	fmt.Printf("%d cells of each kind drawn in %.0f s\n", each, time.Since(begun).Seconds())
	fmt.Printf("%-28s %9s %9s %18s %6s  %s\n", "rule", "default", "tuned", "default, held out", "s", "values")
	for _, e := range rules.Rivals() {
		if e.Steps || len(wanted) > 0 && !wanted[e.Name] || len(wanted) == 0 && len(e.Parameters) == 0 {
			continue
		}
		at := time.Now()
		t := tuning.Tune(e, b, seed, training, heldOut)
		all.Rules[e.Name] = t
		fmt.Printf("%-28s %9.4f %9.4f %9.4f%9.4f %6.1f ",
			e.Name, t.Default, t.Objective, t.HeldOutDefault, t.HeldOut, time.Since(at).Seconds())
		for _, p := range e.Parameters {
			fmt.Printf(" %s=%.4g", p.Name, t.Values[p.Name])
		}
		fmt.Println()
		if err := write(all, out); err != nil {
			return err
		}
	}
	return nil
}
