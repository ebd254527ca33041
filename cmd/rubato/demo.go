package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rubato/configs"
	"rubato/internal/demo"
	"rubato/internal/report"
)

func newDemo() *cobra.Command {
	o := demo.Options{Out: os.Stderr, Version: version}
	var minutes float64
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Tune a real Spark job live and print what it did",
		Long: `Demo starts an embedded broker, a seeded bursty load, a real Spark Structured
Streaming job with the agent in a JVM of its own, and the tuner. One half runs
at the job's configured 2 s, the other tuned, on the same load; odd seeds run
the configured half first. The first 30 s of each half are left out.`,
		Example: `  rubato demo
  rubato demo --minutes 4 --seed 2 --profile thrifty
  rubato demo --trace arrivals.csv --json > figures.json`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(minutes > 0 && minutes <= 24*60) { // NaN too
				return usageError(fmt.Errorf("--minutes %v: want a length of both halves, a day at most", minutes))
			}
			o.Length = time.Duration(minutes * float64(time.Minute))
			if profiles := configs.Profiles(); !slices.Contains(profiles, o.Profile) {
				return usageError(fmt.Errorf("--profile %q: want one of %s", o.Profile, strings.Join(profiles, ", ")))
			}
			o.Result = func(r report.Result) error { return printResult(cmd, r, asJSON) }
			err := demo.Run(cmd.Context(), o)
			switch {
			case errors.Is(err, demo.ErrPrepare):
				return usageError(err)
			case err != nil && cmd.Context().Err() != nil:
				return errors.New("stopped: nothing is left running")
			}
			return err
		},
	}
	f := cmd.Flags()
	f.Float64Var(&minutes, "minutes", 4, "length of both halves together")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the load and of the tuner; its parity orders the halves")
	f.StringVar(&o.Trace, "trace", "", "take the load from a CSV file `second,events`")
	f.StringVar(&o.Profile, "profile", "balanced", "what is paid for: "+strings.Join(configs.Profiles(), ", "))
	f.StringVar(&o.Dir, "dir", "", "folder for logs and stores, made anew (default .rubato/demo-SEED)")
	f.BoolVar(&o.Keep, "keep", false, "leave it running at the end, until Ctrl-C")
	f.BoolVar(&asJSON, "json", false, "print the figures as one JSON object")
	return cmd
}

func printResult(cmd *cobra.Command, r report.Result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), "\n", r.Table())
	return err
}
