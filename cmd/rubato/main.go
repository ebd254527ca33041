// Command rubato tunes the trigger intervals of Spark Structured Streaming
// queries. It holds flags, signals and sub-commands; the work is in
// the packages that they start.
//
// Exit codes: 0 all is well; 1 it failed; 2 the command line or the
// configuration is wrong; 3 a check (verify) found a difference or damage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"rubato/checkpoints/boltfile"
)

// version is set by the build.
var version = "dev"

// Exit codes, as `rubato --help` documents them.
const (
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3
)

// exitError carries the exit code of an error.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageError marks a mistake of the user in the command line or the
// configuration.
func usageError(err error) error { return &exitError{exitUsage, err} }

// foundError marks a check that found something wrong.
func foundError(err error) error { return &exitError{exitFound, err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second) // a shell and a supervisor may both pass one signal on
		stop()                  // another Ctrl-C ends it at once
	})
	err := execute(ctx, os.Args[1:])
	stop()
	os.Exit(exitCode(err))
}

func execute(ctx context.Context, args []string) error {
	root := newRoot()
	if err := helpless(root, args); err != nil {
		return err
	}
	root.SetArgs(joinOutputs(root, args))
	return root.ExecuteContext(ctx)
}

// helpless refuses to help where the last of the commands that args name is none:
// cobra would show the help of the one above it.
func helpless(root *cobra.Command, args []string) error {
	near, rest, err := root.Find(args)
	if err != nil || !near.HasSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return nil // told when they are parsed
	}
	if slices.Contains(rest, "--help") || slices.Contains(rest, "-h") {
		return subCommand(near, rest)
	}
	return nil
}

// exitCode prints err and returns the exit code for it.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "rubato: %v\n", err)
	if coded := (*exitError)(nil); errors.As(err, &coded) {
		return coded.code
	}
	if errors.Is(err, boltfile.ErrDamaged) {
		return exitFound
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "rubato",
		Short: "Tune the trigger intervals of Spark Structured Streaming queries",
		Long: `Rubato watches running Spark Structured Streaming queries through a -javaagent
and moves each query's trigger interval, so that latency is paid for only where
it is worth a batch.

Exit codes: 0 all is well; 1 it failed; 2 the command line or the configuration
is wrong; 3 a check found a difference or damage.`,
		Example: `  rubato demo                      # a real Spark job, tuned live, in four minutes
  rubato run --config rubato.yaml  # the daemon
  rubato agent path                # the jar for -javaagent`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subCommand,
		RunE:          help,
		Version:       version,
	}
	root.SetVersionTemplate(versionLine())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(newRun(), newDemo(), newCheckConfig(), newCheckpoints(), newFreeze(), newJudge(),
		newReplay(), newTournament(), newForecast(), newPretrain(), newCalibrate(), newBench(), newStatus(), newHold(), newRelease(), newAgent(), newVersion())
	root.InitDefaultHelpCmd()
	if helpOf, _, err := root.Find([]string{"help"}); err == nil {
		helpOf.Args, helpOf.Example = knownCommand, "  rubato help replay verify"
	}
	addCompletion(root)
	return root
}

// addCompletion adds cobra's command, which is to tell a mistake as all others do.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return
	}
	cmd.Args, cmd.RunE, cmd.Example = subCommand, help, "  rubato completion bash > rubato.bash"
	for _, shell := range cmd.Commands() {
		shell.Args, shell.Example = exactArgs(0), "  rubato completion "+shell.Name()
	}
}

// knownCommand refuses to help with what is no command.
func knownCommand(cmd *cobra.Command, args []string) error {
	near, rest, err := cmd.Root().Find(args)
	if err != nil {
		return usageError(err)
	}
	return subCommand(near, rest)
}

// subCommand refuses what is no command below cmd.
func subCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(": did you mean %s?", strings.Join(near, " or "))
	}
	return usageError(fmt.Errorf("%q is no command of %s%s (--help lists them)", args[0], cmd.CommandPath(), hint))
}

// help is what a command does that is only a name for those below it.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// exactArgs is cobra.ExactArgs as a usage error.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(cmd, args); err != nil {
			return usageError(fmt.Errorf("%s: %w", cmd.CommandPath(), err))
		}
		return nil
	}
}
