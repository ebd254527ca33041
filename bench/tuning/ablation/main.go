// Command ablation plays the policy's line and the waiting-cost rule with other
// ladders, ticks and features, on drivers that nothing was searched on, and
// prints a table.
package main

import (
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"rubato/bench/tuning"
	"rubato/env/sim"
)

func main() {
	seed := flag.Uint64("seed", 1000, "draws the drivers")
	drivers := flag.Int("drivers", 100, "drivers of each kind")
	length := flag.Duration("length", 6*time.Minute, "virtual time of a driver")
	flag.Parse()
	if err := run(*seed, *drivers, *length); err != nil {
		fmt.Fprintln(os.Stderr, "rubato: ablation:", err)
		os.Exit(1)
	}
}

func run(seed uint64, drivers int, length time.Duration) error {
	if drivers < 1 || length < time.Minute {
		return fmt.Errorf("want a driver and a minute at least")
	}
	variants := tuning.Variants()
	rows := make([]string, len(variants))
	head := "variant\t"
	for kind := range sim.Kind(sim.NumKinds) {
		all, err := tuning.Ablate(kind, seed, drivers, length, variants)
		if err != nil {
			return err
		}
		head += kind.String() + "\t"
		for i, a := range all {
			rows[i] += fmt.Sprintf("%.3f +- %.3f (%.3f)\t", a.Line, a.Line*a.Error, a.Rule)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, head)
	for i, v := range variants {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", v.Name, rows[i])
	}
	return w.Flush()
}
