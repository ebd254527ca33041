package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rubato/bench/spark"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure rivals on a real Spark",
		Example: "  rubato bench spark --help",
		Args:    subCommand,
		RunE:    help,
	}
	cmd.AddCommand(newBenchSpark())
	return cmd
}

// benchFlags are the flags of `rubato bench spark`.
type benchFlags struct {
	spark.Options
	traces  []string
	seeds   []uint
	minutes float64
	out     string
	only    string
}

func newBenchSpark() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "spark",
		Short: "Play fixed intervals, rules and the policy on a real Spark, on the same arrivals",
		Long: `Spark plays rivals on a real Spark driver and a real Kafka broker, one after the
other, on the same replayed events: a fresh driver with the agent for each run.
It appends a line for each run to spark.jsonl in --out, and does not run again
what is there: after Ctrl-C the same command goes on where it was. At the end,
and with nothing left to run, it sums up: tables on standard output, spark.csv
and spark.svg in --out, with what the calibrated simulator says of each run. The
tuner's journals and checkpoints stay in --out/stores, for rubato replay verify.

Rivals are frozen and learning (the shipped policy), fixed-top3 (the three
intervals of the fixed grid that the simulator ranks best for the trace) and the
rules: ` + strings.Join(spark.Rules(), ", ") + `.

Traces are steady, bursty, idle and diurnal, or CSV files second,events.

The folder that the binary is in has to hold what make build puts there, and
kafka.classpath (make bin/kafka.classpath).`,
		Example: `  rubato bench spark                               # 24 runs, three hours
  rubato bench spark --trace idle --rivals frozen,waiting-cost,fixed-1s --out results-idle
  rubato bench spark --job shared --rivals frozen,waiting-cost --repeats 2
  rubato bench spark --seed 1,2,3,4 --only sum     # tables of four windows of each trace, of what was run`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return runBenchSpark(cmd, &f) },
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.Rivals, "rivals", []string{spark.TopFixed, "adaptive-stream-published", "waiting-cost", spark.Frozen}, "who plays")
	fs.StringSliceVar(&f.traces, "trace", nil, "the arrivals (default all four)")
	fs.Float64Var(&f.minutes, "minutes", 3, fmt.Sprintf("length of each run's load; the first %v are in no figure", spark.LeadIn))
	fs.IntVar(&f.Repeats, "repeats", 1, "how often each run is played")
	fs.StringVar(&f.Weights, "weights", "balanced", "what is paid for: latency, balanced or thrifty")
	fs.StringVar(&f.Job, "job", "files", "files (a file sink), windows (stateful) or shared (both on one driver)")
	fs.StringVar(&f.Spark, "spark", "3.5.7", "version of Spark: 3.5.7, or one in --sparks")
	fs.StringVar(&f.out, "out", filepath.Join("bench", "results"), "folder of the results")
	fs.UintSliceVar(&f.seeds, "seed", []uint{1}, "seeds of the windows and their events; one window of each trace for each")
	fs.StringVar(&f.only, "only", "", "run: sum nothing up; sum: run nothing, sum up what was run (default both)")
	fs.StringSliceVar(&f.Policies, "policy", nil, "networks whose runs are summed up, as net-..., and those of all rules they met (default the one that ships, and the rules as tuned now)")
	fs.StringVar(&f.Folder, "traces", filepath.Join("bench", "traces"), "folder of the recordings")
	fs.StringVar(&f.Sparks, "sparks", filepath.Join("javaagent", "it", "target", "sparks"), "folder of other Sparks than 3.5.7 (javaagent/it/sparks/fetch.sh)")
	fs.StringVar(&f.Calibration, "calibration", filepath.Join("bench", "calibration"), "folder of the simulator's calibrations")
	return cmd
}

func runBenchSpark(cmd *cobra.Command, f *benchFlags) error {
	o := f.Options
	var err error
	if o.Traces, err = spark.SelectTraces(f.traces); err != nil {
		return usageError(fmt.Errorf("bench spark: %w", err))
	}
	for _, seed := range f.seeds {
		o.Seeds = append(o.Seeds, uint64(seed))
	}
	o.Length = time.Duration(f.minutes * float64(time.Minute))
	o.Results = filepath.Join(f.out, "spark.jsonl")
	o.Version = version
	if err := o.Check(); err != nil {
		return usageError(fmt.Errorf("bench spark: %w", err))
	}
	switch f.only {
	case "", "run":
	case "sum":
		return summariseBench(cmd.OutOrStdout(), o, f.out)
	default:
		return usageError(fmt.Errorf("bench spark: --only %q: want run or sum", f.only))
	}
	if err := o.CheckSpark(); err != nil {
		return usageError(fmt.Errorf("bench spark: %w", err))
	}
	p := newProgress(cmd.ErrOrStderr(), "bench spark, seconds")
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
	if f.only == "run" {
		return nil
	}
	return summariseBench(cmd.OutOrStdout(), o, f.out)
}

// summariseBench prints the tables and writes the files.
func summariseBench(out io.Writer, o spark.Options, folder string) error {
	s, err := spark.Summarise(o)
	if err != nil {
		return fmt.Errorf("bench spark: %w", err)
	}
	name := "spark"
	if o.Job != "files" {
		name += "-" + o.Job
	}
	if o.Spark != "3.5.7" {
		name += "-" + o.Spark
	}
	if err := writeTo(out, filepath.Join(folder, name+".csv"), s.WriteCSV); err != nil {
		return err
	}
	if err := writeTo(out, filepath.Join(folder, name+".svg"), s.WritePicture); err != nil {
		return err
	}
	return s.WriteTables(out)
}
