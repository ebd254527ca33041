package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rubato/agent/pretrain"
	"rubato/policy"
)

func newPretrainLine() *cobra.Command {
	s := pretrain.DefaultSearch()
	var out, from string
	var only []string
	cmd := &cobra.Command{
		Use:   "line --out FILE",
		Short: "Search the line that the policy starts from, in the simulator; the same seed gives the same bytes",
		Long: `Line searches the threshold that a policy is a network on top of: weights of
features, block by block, by an evolution strategy (CMA-ES) on random simulated
drivers. The file is written after each block; it is policy/prior.json in the
source tree. Stopped (Ctrl-C), it goes on with the block that it was at when called
again with the same flags: until it is through, FILE.state says where that is.`,
		Example: `  rubato pretrain line --seed 1 --out policy/prior.json
  rubato pretrain line --blocks shared --from policy/prior.json --out shared.json`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "" || out == standardOutput:
				return usageError(fmt.Errorf("pretrain line: --out names no file"))
			case s.Drivers < 1 || s.Evaluations < 2 || s.Length < time.Minute:
				return usageError(fmt.Errorf("pretrain line: every size has to be positive, and --length at least 1m"))
			}
			if err := checkOutputs(out, out+".state"); err != nil {
				return usageError(fmt.Errorf("pretrain line: %w", err))
			}
			blocks, err := blocksNamed(only)
			if err != nil {
				return usageError(err)
			}
			l := &lineSearch{Search: s, out: out, blocks: blocks, log: cmd.ErrOrStderr()}
			if err := l.begin(from); err != nil {
				return usageError(fmt.Errorf("pretrain line: %w", err))
			}
			if err := l.run(cmd.Context()); err != nil {
				return stopped(cmd.Context(), "pretrain line", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "the line's file to write (JSON)")
	f.StringVar(&from, "from", "", "a line to start from (default: what earlier searches came to)")
	f.StringSliceVar(&only, "blocks", nil, "search these alone: "+strings.Join(blockNames(), ", "))
	f.Uint64Var(&s.Seed, "seed", s.Seed, "seed of all that is drawn")
	f.IntVar(&s.Drivers, "drivers", s.Drivers, "drivers of a kind that candidates are compared on")
	f.IntVar(&s.Evaluations, "evaluations", s.Evaluations, "candidates for each weight of a block")
	f.DurationVar(&s.Length, "length", s.Length, "virtual time that a driver is played for")
	return cmd
}

// lineSearch is a search in progress.
type lineSearch struct {
	pretrain.Search
	out    string
	blocks []pretrain.Block
	log    io.Writer
	state  lineState
}

// lineState is what a search that was stopped goes on from: the blocks that are
// done, and what they came to.
type lineState struct {
	Flags string       `json:"flags"`
	Done  int          `json:"done"`
	Lines policy.Lines `json:"lines"`
}

func (l *lineSearch) statePath() string { return l.out + ".state" }

// begin takes up the state of the same command, or starts from the given line.
func (l *lineSearch) begin(from string) error {
	names := make([]string, len(l.blocks))
	for i, b := range l.blocks {
		names[i] = b.Name
	}
	flags := fmt.Sprintf("--seed %d --drivers %d --evaluations %d --length %v --blocks %s --from %q",
		l.Seed, l.Drivers, l.Evaluations, l.Length, strings.Join(names, ","), from)
	text, err := os.ReadFile(l.statePath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.state = lineState{Flags: flags, Lines: pretrain.StartLines()}
		if from != "" {
			l.state.Lines, err = readLines(from)
			return err
		}
		return nil
	case err == nil:
		err = json.Unmarshal(text, &l.state)
	}
	if err != nil {
		return fmt.Errorf("reading the state %s: %w (removed, the search begins anew)", l.statePath(), err)
	}
	if l.state.Flags != flags {
		return fmt.Errorf("%s is of another search, %s: remove it, or use those flags", l.statePath(), l.state.Flags)
	}
	_, _ = fmt.Fprintf(l.log, "going on from %s: %d of %d blocks are done\n", l.statePath(), l.state.Done, len(l.blocks))
	return nil
}

func (l *lineSearch) run(ctx context.Context) error {
	for _, b := range l.blocks[l.state.Done:] {
		if err := l.search(ctx, b); err != nil {
			return err
		}
		if err := l.write(l.statePath(), l.state); err != nil { // first: the file may be what it started from
			return err
		}
		if err := l.write(l.out, l.state.Lines); err != nil {
			return err
		}
	}
	if err := l.write(l.out, l.state.Lines); err != nil { // it may have been stopped just before
		return err
	}
	if err := os.Remove(l.statePath()); err != nil {
		return fmt.Errorf("removing the state: %w", err)
	}
	return nil
}

// search searches one block, and says what it came to.
func (l *lineSearch) search(ctx context.Context, b pretrain.Block) error {
	bar := newProgress(l.log, fmt.Sprintf("block %s, generations", b.Name))
	best := math.Inf(1)
	lines, err := l.Run(ctx, l.state.Lines, b, func(generation, of int, score float64) {
		best = min(best, score)
		bar.show(generation, of)
	})
	bar.done()
	if err != nil {
		return err
	}
	l.state.Lines = lines
	l.state.Done++
	_, _ = fmt.Fprintf(l.log, "block %s: cost / the rule's %.4f\n", b.Name, math.Exp(best))
	return nil
}

func (l *lineSearch) write(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeTo(nil, path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}

func readLines(path string) (lines policy.Lines, err error) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &lines)
	}
	if err != nil {
		return lines, fmt.Errorf("read the line %s: %w", path, err)
	}
	return lines, nil
}

func blocksNamed(names []string) ([]pretrain.Block, error) {
	if len(names) == 0 {
		return pretrain.Blocks(), nil
	}
	var blocks []pretrain.Block
	for _, name := range names {
		i := slices.Index(blockNames(), name)
		if i < 0 {
			return nil, fmt.Errorf("pretrain line: no block %q: want %s", name, strings.Join(blockNames(), ", "))
		}
		blocks = append(blocks, pretrain.Blocks()[i])
	}
	return blocks, nil
}

func blockNames() []string {
	var names []string
	for _, b := range pretrain.Blocks() {
		names = append(names, b.Name)
	}
	return names
}
