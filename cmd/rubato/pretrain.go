package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"rubato/agent/pretrain"
)

func newPretrain() *cobra.Command {
	cfg := pretrain.DefaultConfig()
	var out, state string
	cmd := &cobra.Command{
		Use:   "pretrain --out FILE",
		Short: "Train a network on top of the line, in the simulator; the same seed gives the same bytes",
		Long: `Pretrain improves the waiting-cost rule into a policy, on random simulated
drivers and generated workloads. It saves its state after each round: stopped
(Ctrl-C), it goes on from there when called again with the same settings.`,
		Example: `  rubato pretrain --seed 1 --out my.policy
  rubato pretrain --rounds 0 --out rule.policy    # as the policy that ships is made`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "" || out == standardOutput:
				return usageError(fmt.Errorf("pretrain: --out names no file"))
			case cfg.Rounds < 0 || cfg.Scenes < 1 || cfg.Samples < 1 || cfg.Judges < 1 || cfg.JudgeEvery < 1 || cfg.Length < time.Minute:
				return usageError(fmt.Errorf("pretrain: every size has to be positive, and --length at least 1m"))
			}
			if state == "" {
				state = out + ".state"
			}
			if err := checkOutputs(out, state); err != nil {
				return usageError(fmt.Errorf("pretrain: %w", err))
			}
			if err := runPretrain(cmd.Context(), cmd.ErrOrStderr(), cfg, out, state); err != nil {
				return stopped(cmd.Context(), "pretrain", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "the policy's file to write")
	f.StringVar(&state, "state", "", "where the state is kept between rounds (default: FILE.state)")
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "seed of all that is drawn")
	f.IntVar(&cfg.Rounds, "rounds", cfg.Rounds, "rounds of improvement; 0 is the rule itself")
	f.IntVar(&cfg.Scenes, "scenes", cfg.Scenes, "drivers of each kind that a round plays")
	f.IntVar(&cfg.Samples, "samples", cfg.Samples, "states of each driver at which the actions are compared")
	f.IntVar(&cfg.Judges, "judges", cfg.Judges, "held-out drivers of each kind that the policy is judged on")
	f.IntVar(&cfg.JudgeEvery, "judge-every", cfg.JudgeEvery, "rounds between two judgements")
	f.DurationVar(&cfg.Length, "length", cfg.Length, "virtual time that a driver is played for")
	cmd.AddCommand(newPretrainLine())
	return cmd
}

func runPretrain(ctx context.Context, log io.Writer, cfg pretrain.Config, out, state string) error {
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		_, _ = fmt.Fprintln(log, "judging the policy that training starts from")
	}
	a, _, err := pretrain.Run(ctx, cfg, state, &rounds{out: log, all: cfg.Rounds, judgeEvery: cfg.JudgeEvery})
	if err != nil {
		return err
	}
	a.Provenance["command"] = fmt.Sprintf("rubato pretrain --seed %d --rounds %d --scenes %d --samples %d --judges %d --judge-every %d --length %v",
		cfg.Seed, cfg.Rounds, cfg.Scenes, cfg.Samples, cfg.Judges, cfg.JudgeEvery, cfg.Length)
	a.Provenance["commit"] = version
	a.Provenance["seed"] = strconv.FormatUint(cfg.Seed, 10)
	b, err := a.Encode()
	if err != nil {
		return err
	}
	if err := writeTo(nil, out, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		return err
	}
	if err := os.Remove(state); err != nil {
		return fmt.Errorf("remove the state: %w", err)
	}
	_, _ = fmt.Fprintf(log, "%s: %s\n", out, a.Network.ID())
	return nil
}

// rounds shows a pre-training's progress.
type rounds struct {
	mu  sync.Mutex
	out io.Writer
	all int
	// judgeEvery is the number of rounds from one that is judged to the next.
	judgeEvery int
	bar        *progress
}

// Scene implements pretrain.Progress.
func (r *rounds) Scene(round, done, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar == nil {
		r.bar = newProgress(r.out, fmt.Sprintf("round %d of %d", round, r.all))
	}
	r.bar.show(done, all)
	if done == all && (round == r.all || round%r.judgeEvery == 0) {
		r.bar.done()
		_, _ = fmt.Fprintf(r.out, "round %d of %d: judging what it came to\n", round, r.all)
	}
}

// Round implements pretrain.Progress.
func (r *rounds) Round(done pretrain.Round) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bar != nil {
		r.bar.done()
		r.bar = nil
	}
	if len(done.Verdicts) == 0 {
		return
	}
	parts := make([]string, len(done.Verdicts))
	for i, v := range done.Verdicts {
		parts[i] = fmt.Sprintf("%s %.4f (worst %.3f)", pretrain.Kinds[i], v.Ratio, v.Worst)
	}
	_, _ = fmt.Fprintf(r.out, "round %d of %d: %d samples; cost / the rule's: %s\n", done.Round, r.all, done.Samples, strings.Join(parts, ", "))
	if done.Round == r.all {
		_, _ = fmt.Fprintln(r.out, "fitting the critic to the best of them")
	}
}
