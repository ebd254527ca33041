// Command learners trains networks of several sizes, with several histories and
// critics, on top of the policy's line, judges them on held-out drivers, and
// writes a table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"rubato/bench/tuning/learner"
)

func main() {
	cfg := learner.DefaultConfig()
	flag.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "the first training seed")
	flag.IntVar(&cfg.Seeds, "seeds", cfg.Seeds, "trainings of each variant")
	flag.IntVar(&cfg.Scenes, "scenes", cfg.Scenes, "training drivers of each kind")
	flag.IntVar(&cfg.Samples, "samples", cfg.Samples, "states compared on each driver")
	flag.DurationVar(&cfg.Length, "length", cfg.Length, "virtual time of a driver")
	flag.IntVar(&cfg.Epochs, "epochs", cfg.Epochs, "epochs of a fit")
	flag.IntVar(&cfg.Held, "held", cfg.Held, "held-out drivers of each kind to compare states on")
	flag.IntVar(&cfg.Plays, "plays", cfg.Plays, "held-out drivers of each kind to play on")
	csv := flag.String("csv", "", "write every training's figures to this file")
	part := flag.String("part", "", "try nothing but this: size, history or critic")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, cfg, *part, *csv); err != nil {
		fmt.Fprintln(os.Stderr, "rubato: learners:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg learner.Config, part, csv string) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	variants := slices.DeleteFunc(learner.Variants(), func(v learner.Variant) bool {
		return part != "" && v.Part != "" && v.Part != part
	})
	began := time.Now()
	out, err := learner.Run(ctx, cfg, variants, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	})
	if out == nil || len(out.Trials) == 0 {
		return err
	}
	if csv != "" {
		if e := os.WriteFile(csv, out.CSV(), 0o644); e != nil {
			return errors.Join(err, fmt.Errorf("writing the figures: %w", e))
		}
	}
	fmt.Print(out.Table())
	return err
}
