package main

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"rubato/configs"
	"rubato/internal/calibrate"
	"rubato/internal/transport"
)

func newCalibrate() *cobra.Command {
	var brokers []string
	var topic string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "calibrate [FILE]",
		Short: "Fit the simulator's batch time to what queries did",
		Long: `Calibrate fits the simulator's model of a batch's time (overhead, time per row,
noise, warm-up, stragglers, snapshots, growth, contention of queries that share
a driver) to each run of each query in a journal (a decision log), in a file of
messages of the metrics topic, one JSON a line, plain or gzipped, or in the
topic itself. It prints the fit beside the data, and how well a fit to the first
half of each run foretells the second.

A query whose batches are all of one size cannot be told apart into overhead and
time per row: record it in learn mode, or under a load that varies.`,
		Example: `  rubato calibrate .rubato/journal.db
  rubato calibrate bench/calibration/files.jsonl.gz --json
  rubato calibrate --brokers 127.0.0.1:9092 --topic rubato.metrics`,
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 1) == (len(brokers) > 0) || len(args) > 1 {
				return usageError(errors.New("rubato calibrate wants one file, or --brokers"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			source, runs, err := recorded(cmd, args, brokers, topic)
			if err != nil {
				return unread(err)
			}
			results, err := calibrate.Fit(runs)
			if err != nil {
				return fmt.Errorf("calibrating from %s: %w", source, err)
			}
			if asJSON {
				return calibrate.JSON(cmd.OutOrStdout(), results)
			}
			return calibrate.Print(cmd.OutOrStdout(), results)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&brokers, "brokers", nil, "read the metrics topic of these brokers, host:port")
	f.StringVar(&topic, "topic", configs.Environment().Kafka.Prefix+".metrics", "the metrics topic")
	f.BoolVar(&asJSON, "json", false, "print JSON; its drivers load into the simulator")
	return cmd
}

// recorded reads the one file or the topic, and names it.
func recorded(cmd *cobra.Command, args, brokers []string, topic string) (string, []*calibrate.Run, error) {
	if len(args) == 1 {
		runs, err := calibrate.ReadFile(args[0])
		return args[0], runs, err
	}
	client, err := transport.NewKafka(transport.Options{Brokers: brokers, Log: zerolog.Nop()})
	if err != nil {
		return "", nil, err
	}
	defer client.Close()
	runs, skipped, err := calibrate.ReadTopic(cmd.Context(), client, topic)
	if skipped > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "rubato: %d messages of %s do not parse and were skipped\n", skipped, topic)
	}
	return topic, runs, err
}
