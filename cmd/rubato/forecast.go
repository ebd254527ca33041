package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"rubato/env/forecast"
	"rubato/env/forecast/train"
)

func newForecast() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Train and judge the forecaster of arrival rates",
		Args:  subCommand,
		RunE:  help,
	}
	cmd.AddCommand(newForecastTrain())
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
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError(fmt.Errorf("forecast train: --out names no file"))
			}
			if steps < 1 {
				return usageError(fmt.Errorf("forecast train: --steps is %d, want at least 1", steps))
			}
			return trainForecast(cmd.Context(), cmd.ErrOrStderr(), seed, steps, out)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the weights and of the series")
	cmd.Flags().IntVar(&steps, "steps", train.DefaultSteps, "gradient steps")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

func trainForecast(ctx context.Context, log io.Writer, seed uint64, steps int, out string) error {
	begun := time.Now()
	w, err := train.Train(ctx, train.Config{Seed: seed, Steps: steps, Progress: func(done int, loss float64) {
		spent := time.Since(begun)
		left := spent / time.Duration(done) * time.Duration(steps-done)
		_, _ = fmt.Fprintf(log, "%6d of %d steps  loss %.4f  %s left\n", done, steps, loss, left.Round(time.Second))
	}})
	if err != nil {
		return err
	}
	b, err := forecast.EncodeWeights(w, map[string]string{
		"command": fmt.Sprintf("rubato forecast train --seed %d --steps %d", seed, steps),
		"seed":    strconv.FormatUint(seed, 10), "steps": strconv.Itoa(steps),
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, b, 0o644); err != nil {
		return fmt.Errorf("write the trained LSTM: %w", err)
	}
	return nil
}
