package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
source tree.`,
		Example: `  rubato pretrain line --seed 1 --out policy/prior.json
  rubato pretrain line --blocks shared --from policy/prior.json --out shared.json`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "":
				return usageError(fmt.Errorf("pretrain line: --out names no file"))
			case s.Drivers < 1 || s.Evaluations < 2 || s.Length < time.Minute:
				return usageError(fmt.Errorf("pretrain line: every size has to be positive, and --length at least 1m"))
			}
			if err := checkOutputs(out); err != nil {
				return usageError(fmt.Errorf("pretrain line: %w", err))
			}
			blocks, err := blocksNamed(only)
			if err != nil {
				return usageError(err)
			}
			lines := pretrain.StartLines()
			if from != "" {
				if lines, err = readLines(from); err != nil {
					return err
				}
			}
			if err := searchLine(cmd.Context(), cmd.ErrOrStderr(), s, lines, blocks, out); err != nil {
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

func searchLine(ctx context.Context, log io.Writer, s pretrain.Search, lines policy.Lines, blocks []pretrain.Block, out string) error {
	found := func(block string, generation, of int, score float64, _ policy.Lines) {
		_, _ = fmt.Fprintf(log, "%s: generation %d of %d: cost / the rule's %.4f\n", block, generation, of, math.Exp(score))
	}
	for _, b := range blocks {
		var err error
		if lines, err = s.Run(ctx, lines, b, found); err != nil {
			return err
		}
		text, err := json.MarshalIndent(lines, "", "  ")
		if err != nil {
			return fmt.Errorf("write the line: %w", err)
		}
		if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the line: %w", err)
		}
	}
	return nil
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
