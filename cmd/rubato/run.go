package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"rubato/configs"
	"rubato/internal/app"
	"rubato/internal/terminal"
)

func newRun() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the tuner until Ctrl-C",
		Long: `Run takes the metrics of every Spark driver that has the agent and the same
brokers, and commands trigger intervals as the groups of the configuration say.
With no brokers configured it starts an embedded one, on loopback, and says
where. SIGHUP and POST /-/reload load the configuration anew; Ctrl-C releases
every query, checkpoints and exits.`,
		Example: `  rubato run                        # defaults: observe every query, embedded broker
  rubato run --config rubato.yaml
  RUBATO_KAFKA_BROKERS=kafka1:9092,kafka2:9092 rubato run`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadNamed(cmd, path)
			if err != nil {
				return err
			}
			return run(cmd.Context(), cfg, path)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "the configuration file; without one the defaults hold")
	return cmd
}

// loadNamed loads the configuration that --config names. An empty name is a mistake,
// such as a variable of the shell that is not set.
func loadNamed(cmd *cobra.Command, path string) (*configs.Config, error) {
	if path == "" && cmd.Flags().Changed("config") {
		return nil, usageError(errors.New("--config names no file"))
	}
	return load(path)
}

// load loads a configuration; its mistakes are the user's.
func load(path string) (*configs.Config, error) {
	cfg, err := configs.Load(path, app.Known())
	if err != nil {
		return nil, usageError(err)
	}
	return cfg, nil
}

// gcPercent makes the daemon collect garbage twice as often as by default: its
// heap is a few MB, and what a checkpoint needs for a moment is as much again.
const gcPercent = 50

func run(ctx context.Context, cfg *configs.Config, path string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, err := newLog(cfg)
	if err != nil {
		return usageError(err)
	}
	for _, w := range cfg.Warnings {
		log.Warn().Msg(w)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	a, err := app.Start(ctx, app.Options{Config: cfg, ConfigPath: path, Version: version, Log: log})
	if errors.Is(err, context.Canceled) {
		log.Info().Msg("stopped while starting: nothing was commanded")
		return nil
	}
	if err != nil {
		return misnamed(fmt.Errorf("starting the tuner: %w", err))
	}
	for {
		select {
		case <-hangup:
			if err := a.Reload(); err != nil && path == "" { // else it logs what is wrong
				log.Warn().Err(err).Msg("SIGHUP changes nothing")
			}
		case <-ctx.Done():
			log.Info().Msg("stopping: releasing every query")
			a.Stop()
			return nil
		}
	}
}

// newLog is the daemon's log, on standard error.
func newLog(cfg *configs.Config) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(cfg.Log.Level)
	if err != nil {
		return zerolog.Nop(), fmt.Errorf("log.level: %w", err)
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	if cfg.Log.Format == "json" {
		return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger(), nil
	}
	plain := !terminal.Is(os.Stderr) || os.Getenv("NO_COLOR") != ""
	return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "15:04:05.000", NoColor: plain}).
		Level(level).With().Timestamp().Logger(), nil
}

func newCheckConfig() *cobra.Command {
	return &cobra.Command{
		Use:     "check-config FILE",
		Short:   "Name every mistake in a configuration file",
		Example: "  rubato check-config configs/rubato.yaml",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return usageError(errors.New("no file is named"))
			}
			cfg, err := load(args[0])
			if err != nil {
				return err
			}
			for _, w := range cfg.Warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is right: %d groups, hash %s\n", args[0], len(cfg.Groups), cfg.Hash())
			return nil
		},
	}
}
