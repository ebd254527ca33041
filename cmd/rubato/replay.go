package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"rubato/configs"
	"rubato/internal/app"
)

func newReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay", Short: "Re-run a recorded journal",
		Example: "  rubato replay verify", Args: subCommand, RunE: help,
	}
	cmd.AddCommand(newReplayVerify(), newReplayLearn())
	return cmd
}

func journalFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "journal", configs.Environment().Store.Journal, "the journal (store.journal)")
}

func newReplayVerify() *cobra.Command {
	var journal, store string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Re-run the journal and compare every decision byte for byte",
		Long: `Verify re-runs the journal, learning included, from the oldest kept checkpoint,
and compares every decision, and the state at every later checkpoint, with what
was logged. Decisions from before that checkpoint are not verifiable, and it
says how many those are. It exits 3 at the first difference.`,
		Example: "  rubato replay verify --journal .rubato/journal.db --store .rubato/checkpoints.db",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := newProgress(cmd.ErrOrStderr(), "replay verify, records")
			v, err := app.Verify(cmd.Context(), journal, store, p.show)
			p.done()
			if err != nil {
				return unread(err)
			}
			if v.Difference != nil {
				return foundError(fmt.Errorf("after %d decisions that agree: %w", v.Verified, v.Difference))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d decisions verified byte for byte, and %d checkpoints, from checkpoint %d on (%d inputs); %d earlier decisions are not verifiable\n",
				v.Verified, v.Checkpoints, v.From, v.Inputs, v.Unverifiable)
			return nil
		},
	}
	journalFlag(cmd, &journal)
	storeFlag(cmd, &store)
	return cmd
}

func newReplayLearn() *cobra.Command {
	var journal, store string
	var every int
	cmd := &cobra.Command{
		Use:   "learn",
		Short: "Feed a recorded journal to a tuner with a store of its own",
		Long: `Learn feeds a recorded journal to a tuner and prints the hash of the state that
it ends in. Killed and started again on the same store, it goes on from its last
checkpoint, and ends in the same hash.`,
		Example: "  rubato replay learn --journal .rubato/journal.db --store again.db",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 1 {
				return usageError(errors.New("--every is the number of inputs between checkpoints: at least 1"))
			}
			if store == "" {
				return usageError(errors.New("--store names no store to write"))
			}
			p := newProgress(cmd.ErrOrStderr(), "replay learn, records")
			hash, err := app.Relearn(cmd.Context(), journal, store, every, p.show)
			p.done()
			if errors.Is(err, app.ErrOtherStore) {
				return usageError(fmt.Errorf("--store: %w: name one that does not exist", err))
			}
			if err != nil {
				return unread(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), hash)
			return nil
		},
	}
	journalFlag(cmd, &journal)
	cmd.Flags().StringVar(&store, "store", "", "the store to write, never a tuner's own; made where missing")
	cmd.Flags().IntVar(&every, "every", 500, "inputs between checkpoints")
	return cmd
}
