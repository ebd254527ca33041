package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rubato/env/forecast"
	"rubato/env/forecast/bench"
	"rubato/env/forecast/train"
)

func newForecast() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Train and judge the forecaster of arrival rates",
		Example: `  rubato forecast bench --traces bench/traces
  rubato forecast train --seed 1 --out lstm.bin`,
		Args: subCommand,
		RunE: help,
	}
	cmd.AddCommand(newForecastTrain(), newForecastBench())
	return cmd
}

func newForecastTrain() *cobra.Command {
	var (
		seed  uint64
		steps int
		out   string
	)
	cmd := &cobra.Command{
		Use:   "train --out FILE",
		Short: "Train the LSTM on random series; the same seed gives the same bytes",
		Example: `  rubato forecast train --seed 1 --out lstm.bin
  rubato forecast train --steps 500 --out quick.bin`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError(fmt.Errorf("forecast train: --out names no file"))
			}
			if steps < 1 {
				return usageError(fmt.Errorf("forecast train: --steps is %d, want at least 1", steps))
			}
			if err := checkOutputs(out); err != nil {
				return usageError(fmt.Errorf("forecast train: %w", err))
			}
			return trainForecast(cmd, seed, steps, out)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the weights and of the series")
	cmd.Flags().IntVar(&steps, "steps", train.DefaultSteps, "gradient steps")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

func trainForecast(cmd *cobra.Command, seed uint64, steps int, out string) error {
	ctx := cmd.Context()
	bar := newProgress(cmd.ErrOrStderr(), "forecast train")
	w, err := train.Train(ctx, train.Config{Seed: seed, Steps: steps, Progress: bar.show})
	bar.done()
	if err != nil {
		return stopped(ctx, "forecast train", err)
	}
	b, err := forecast.EncodeWeights(w, map[string]string{
		"command": fmt.Sprintf("rubato forecast train --seed %d --steps %d", seed, steps),
		"seed":    strconv.FormatUint(seed, 10), "steps": strconv.Itoa(steps),
	})
	if err != nil {
		return err
	}
	return writeTo(cmd.OutOrStdout(), out, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// forecastBenchFlags are the command line of `rubato forecast bench`.
type forecastBenchFlags struct {
	traces, weights, json, csv string
	seeds                      int
}

func newForecastBench() *cobra.Command {
	var f forecastBenchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Judge the forecaster against simpler ones, on the workloads and on traces",
		Long: `Bench forecasts the arrival rate 1, 3 and 5 s ahead, second by second, on every
workload of the simulator and on traces second,events, with the ensemble, the
LSTM alone and the usual baselines, and prints their errors and what became of
the goals.`,
		Example: `  rubato forecast bench
  rubato forecast bench --traces bench/traces --seeds 10 --json result.json --csv result.csv
  rubato forecast bench --weights mine.bin`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return benchForecast(cmd, &f) },
	}
	p := cmd.Flags()
	p.StringVar(&f.traces, "traces", "", "a CSV trace `second,events`, or a folder of them, beside the workloads")
	p.StringVar(&f.weights, "weights", "", "the LSTM's file (default: the shipped one)")
	p.IntVar(&f.seeds, "seeds", 5, "series of each workload and trace")
	outputVar(cmd, &f.json, "json", "write everything as JSON to a `file`, or to the output")
	outputVar(cmd, &f.csv, "csv", "write the rows as CSV to a `file`, or to the output")
	return cmd
}

func benchForecast(cmd *cobra.Command, f *forecastBenchFlags) error {
	if f.seeds < 1 || f.seeds > mostSeeds {
		return usageError(fmt.Errorf("forecast bench: --seeds %d: want 1 to %d", f.seeds, mostSeeds))
	}
	if err := checkOutputs(f.json, f.csv); err != nil {
		return usageError(fmt.Errorf("forecast bench: %w", err))
	}
	families := bench.Workloads()
	if f.traces != "" {
		traces, err := bench.Traces(f.traces)
		if err != nil {
			return usageError(fmt.Errorf("forecast bench: %w", err))
		}
		families = append(families, traces...)
	}
	weights := forecast.Trained()
	if f.weights != "" {
		b, err := os.ReadFile(f.weights)
		if err != nil {
			return usageError(fmt.Errorf("forecast bench: read the weights: %w", err))
		}
		if weights, _, err = forecast.DecodeWeights(b); err != nil {
			return usageError(fmt.Errorf("forecast bench: %s: %w", f.weights, err))
		}
	}
	bar := newProgress(cmd.ErrOrStderr(), "forecast bench")
	r, err := bench.Run(cmd.Context(), bench.Config{Families: families, Seeds: f.seeds, Weights: weights, Progress: bar.show})
	bar.done()
	if err != nil {
		return stopped(cmd.Context(), "forecast bench", err)
	}
	r.Command = strings.Join(append([]string{"rubato"}, os.Args[1:]...), " ")
	tables := true
	for _, o := range []struct {
		path  string
		write func(io.Writer) error
	}{{f.json, r.WriteJSON}, {f.csv, r.WriteCSV}} {
		if o.path == "" {
			continue
		}
		tables = tables && o.path != "-"
		if err := writeTo(cmd.OutOrStdout(), o.path, o.write); err != nil {
			return fmt.Errorf("forecast bench: %w", err)
		}
	}
	if !tables {
		return nil
	}
	return r.WriteTables(cmd.OutOrStdout())
}
