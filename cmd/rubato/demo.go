package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rubato/internal/demo"
	"rubato/internal/report"
)

func newDemo() *cobra.Command {
	o := demo.Options{Out: os.Stderr, Version: version}
	var minutes float64
	var seconds int
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
			o.Length = time.Duration(minutes * float64(time.Minute))
			if seconds != 0 {
				o.Length = time.Duration(seconds) * time.Second
			}
			switch o.Profile {
			case "latency", "balanced", "thrifty":
			default:
				return usageError(fmt.Errorf("--profile %q: latency, balanced or thrifty", o.Profile))
			}
			r, err := demo.Run(cmd.Context(), o)
			if err != nil {
				if cmd.Context().Err() != nil {
					return errors.New("stopped: nothing is left running")
				}
				return err
			}
			return printResult(cmd, r, asJSON)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&minutes, "minutes", 4, "length of both halves together")
	f.IntVar(&seconds, "seconds", 0, "the same in seconds; overrides --minutes")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the load and of the tuner; its parity orders the halves")
	f.StringVar(&o.Trace, "trace", "", "take the load from a CSV file `second,events`")
	f.StringVar(&o.Profile, "profile", "balanced", "what is paid for: latency, balanced or thrifty")
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
