package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"rubato/bench/spark"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure on a real Spark",
		Args:  subCommand,
		RunE:  help,
	}
	cmd.AddCommand(newBenchSpark())
	return cmd
}

// benchFlags are the flags of `rubato bench spark`.
type benchFlags struct {
	spark.Options
	traces  []string
	minutes float64
	out     string
}

func newBenchSpark() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "spark",
		Short: "Play rivals on a real Spark driver, on the same arrivals",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBenchSpark(cmd, &f)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.Rivals, "rivals", []string{spark.TopFixed, "adaptive-stream-published", "waiting-cost", spark.Frozen}, "who plays")
	fs.StringSliceVar(&f.traces, "trace", nil, "traces")
	fs.Float64Var(&f.minutes, "minutes", 2.5, "length")
	fs.IntVar(&f.Repeats, "repeats", 1, "repeats")
	fs.StringVar(&f.Weights, "weights", "balanced", "profile")
	fs.StringVar(&f.Job, "job", "files", "job")
	fs.StringVar(&f.Spark, "spark", "3.5.7", "version")
	fs.StringVar(&f.out, "out", filepath.Join("bench", "results"), "folder")
	fs.Uint64Var(&f.Seed, "seed", 1, "seed")
	fs.StringVar(&f.Folder, "traces", filepath.Join("bench", "traces"), "folder of the recordings")
	fs.StringVar(&f.Calibration, "calibration", filepath.Join("bench", "calibration"), "folder of the simulator's calibrations")
	return cmd
}

func runBenchSpark(cmd *cobra.Command, f *benchFlags) error {
	o := f.Options
	var err error
	if o.Traces, err = spark.SelectTraces(f.traces); err != nil {
		return usageError(err)
	}
	o.Length = time.Duration(f.minutes * float64(time.Minute))
	o.Results = filepath.Join(f.out, "spark.jsonl")
	o.Version = version
	p := newProgress(cmd.ErrOrStderr(), "bench spark, s")
	o.Progress = p.show
	o.Say = func(line string) {
		p.done()
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	err = spark.Run(cmd.Context(), o)
	p.done()
	if err != nil {
		return stopped(cmd.Context(), "bench spark", err)
	}
	return nil
}
