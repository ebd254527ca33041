package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rubato/checkpoints"
	"rubato/checkpoints/boltfile"
	"rubato/configs"
	"rubato/internal/app"
	"rubato/internal/terminal"
)

// storeFlag names the store that a command works on.
func storeFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "store", configs.Environment().Store.Checkpoints, "the checkpoint store (store.checkpoints)")
}

func newCheckpoints() *cobra.Command {
	cmd := &cobra.Command{
		Use: "checkpoints", Short: "List, show, verify and export checkpoints",
		Long:    "These commands read the store of a tuner that is not running, or a copy of it.",
		Example: "  rubato checkpoints list\n  rubato checkpoints verify --store .rubato/checkpoints.db",
		Args:    subCommand, RunE: help,
	}
	cmd.AddCommand(newCheckpointsList(), newCheckpointsShow(), newCheckpointsVerify(), newCheckpointsExport())
	return cmd
}

// withStore opens the store for reading.
func withStore(path string, do func(*checkpoints.Store) error) error {
	s, err := checkpoints.Open(path, checkpoints.Options{ReadOnly: true})
	if err != nil {
		return unread(err)
	}
	return errors.Join(do(s), s.Close())
}

// unread is misnamed of files that are only read, and so have to be there.
func unread(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usageError(err)
	}
	return misnamed(err)
}

// misnamed makes it the user's mistake where a file that was named is no store.
func misnamed(err error) error {
	if errors.Is(err, boltfile.ErrForeign) {
		return usageError(fmt.Errorf("%w; it is left as it is: name another file", err))
	}
	return err
}

func newCheckpointsList() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "list", Short: "List the kept checkpoints, oldest first",
		Example: "  rubato checkpoints list --store .rubato/checkpoints.db", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(path, func(s *checkpoints.Store) error {
				list, err := s.List()
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "SEQ\tAT\tJOURNAL\tSTEPS\tBYTES\tHASH")
				for _, c := range list {
					if c.Err != nil {
						fmt.Fprintf(w, "%d\t%v\n", c.Seq, c.Err)
						continue
					}
					fmt.Fprintf(w, "%d\t%s\t%d\t%d\t%d\t%.12s\n", c.Seq, c.At.Format(time.RFC3339),
						c.JournalSeq, c.Meta.Steps, c.StateBytes, c.StateHash)
				}
				return w.Flush()
			})
		},
	}
	storeFlag(cmd, &path)
	return cmd
}

func newCheckpointsShow() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "show SEQ", Short: "Show one checkpoint's summary and the hash of its state",
		Example: "  rubato checkpoints show 12 --store .rubato/checkpoints.db", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			seq, err := sequence(args[0])
			if err != nil {
				return err
			}
			return withStore(path, func(s *checkpoints.Store) error {
				c, err := s.Get(seq)
				if err != nil {
					return err
				}
				showCheckpoint(cmd.OutOrStdout(), &c)
				return nil
			})
		},
	}
	storeFlag(cmd, &path)
	return cmd
}

func showCheckpoint(out io.Writer, c *checkpoints.Checkpoint) {
	fmt.Fprintf(out, "sequence   %d\nat         %s\njournal    up to record %d\nsteps      %d\nstate      %d bytes\nhash       %s\n",
		c.Seq, time.Unix(0, int64(c.At)).UTC().Format(time.RFC3339), c.JournalSeq, c.Meta.Steps, len(c.State), c.StateHash())
	for _, group := range slices.Sorted(maps.Keys(c.Meta.Policies)) {
		fmt.Fprintf(out, "policy     %s of group %s\n", c.Meta.Policies[group], group)
	}
	for _, p := range slices.Sorted(maps.Keys(c.Positions)) {
		fmt.Fprintf(out, "position   partition %d at offset %d\n", p, c.Positions[p])
	}
}

func newCheckpointsVerify() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check every checkpoint's sum and the file's own structure",
		Example: "  rubato checkpoints verify --store .rubato/checkpoints.db", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(path, func(s *checkpoints.Store) error {
				var found error
				for _, d := range s.Verify() {
					found = errors.Join(found, d)
				}
				if found != nil {
					return foundError(found)
				}
				fmt.Fprintln(cmd.OutOrStdout(), "every checkpoint is whole")
				return nil
			})
		},
	}
	storeFlag(cmd, &path)
	return cmd
}

func newCheckpointsExport() *cobra.Command {
	var path, out string
	cmd := &cobra.Command{
		Use: "export SEQ", Short: "Write one checkpoint to a file",
		Example: "  rubato checkpoints export 12 --out checkpoint-12.json", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			seq, err := sequence(args[0])
			if err != nil {
				return err
			}
			if err := checkOutputs(out); err != nil {
				return usageError(fmt.Errorf("--out: %w", err))
			}
			return withStore(path, func(s *checkpoints.Store) error {
				return writeTo(cmd.OutOrStdout(), cmp.Or(out, standardOutput), func(w io.Writer) error { return s.Export(seq, w) })
			})
		},
	}
	storeFlag(cmd, &path)
	cmd.Flags().StringVarP(&out, "out", "o", "-", "the file to write; - is standard output")
	return cmd
}

func newFreeze() *cobra.Command {
	var path, out, group string
	cmd := &cobra.Command{
		Use: "freeze", Short: "Freeze a learnt policy into a file for serve mode",
		Long: `Freeze takes the policy of a group out of the last good checkpoint and writes it
to a file with its return scale, the thresholds of single queries, provenance
and hash. Serve mode loads that file and nothing else. The tuner may be running:
what it learnt since its last checkpoint (store.every) is then not in the file.`,
		Example: "  rubato freeze --store .rubato/checkpoints.db --group orders --out orders.policy", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "":
				return usageError(errors.New("--out names no file for the policy"))
			case out == standardOutput && terminal.Is(cmd.OutOrStdout()):
				return usageError(errors.New("--out -: a policy is binary, and standard output is a terminal: name a file, or redirect it"))
			}
			if err := checkOutputs(out); err != nil {
				return usageError(fmt.Errorf("--out: %w", err))
			}
			return freeze(cmd, path, group, out)
		},
	}
	storeFlag(cmd, &path)
	cmd.Flags().StringVarP(&out, "out", "o", "", "the policy file to write; - is standard output")
	cmd.Flags().StringVar(&group, "group", "", "the group whose policy it is; may be left out where only one learns")
	return cmd
}

func freeze(cmd *cobra.Command, store, group, out string) error {
	c, err := checkpoints.Newest(store)
	if err != nil {
		return unread(err)
	}
	text, a, err := app.Freeze(&c, group, version)
	if err != nil {
		return err
	}
	if err := writeTo(cmd.OutOrStdout(), out, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	say := cmd.OutOrStdout()
	if out == standardOutput {
		say = cmd.ErrOrStderr()
	}
	fmt.Fprintf(say, "%s: %s\n", out, a.Network.ID())
	return nil
}

func sequence(arg string) (uint64, error) {
	seq, err := strconv.ParseUint(arg, 10, 64)
	if err != nil {
		return 0, usageError(fmt.Errorf("%q is no checkpoint's number: `rubato checkpoints list` shows them", arg))
	}
	return seq, nil
}
