package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rubato/bench/tournament"
	"rubato/policy"
	"rubato/policy/pretrained"
)

// mostSeeds bounds how often cells and series are played: the arrivals of each seed
// are held in memory.
const mostSeeds = 1000

// tournamentFlags are the command line of `rubato tournament`.
type tournamentFlags struct {
	traces, workloads, weights, policy string
	kinds, weightings, rivals, lines   []string
	seeds                              int
	minutes                            float64
	full, adapt                        bool
	json, csv, html, svg               string
}

func newTournament() *cobra.Command {
	var f tournamentFlags
	cmd := &cobra.Command{
		Use:   "tournament",
		Short: "Play the policy against every rule on the same arrivals, and print the goal table",
		Long: `Tournament plays the frozen policy and every rival rule on the same arrivals:
workloads, or traces second,events, under several kinds of query and weightings
of the cost. It prints the goal table; --json, --csv and --html have every cell.

Without --traces and --workloads, all workloads are played.`,
		Example: `  rubato tournament --traces bench/traces --html tournament.html
  rubato tournament --traces bench/traces --json
  rubato tournament --workloads bursts,diurnal --kinds light,blind --rivals waiting-cost,best-fixed
  rubato tournament --traces bench/traces --policy mine.policy --full --json result.json
  rubato tournament --workloads all --kinds light --rivals waiting-cost --line mine.json
  rubato tournament --adapt`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.fits(cmd); err != nil {
				return usageError(err)
			}
			if !cmd.Flags().Changed("seeds") {
				f.seeds = f.usualSeeds()
			}
			if f.seeds < 1 || f.seeds > mostSeeds {
				return usageError(fmt.Errorf("tournament: --seeds %d: want 1 to %d", f.seeds, mostSeeds))
			}
			if err := checkOutputs(f.json, f.csv, f.html, f.svg); err != nil {
				return usageError(fmt.Errorf("tournament: %w", err))
			}
			if f.adapt {
				return runAdaptation(cmd, &f)
			}
			return runTournament(cmd, &f)
		},
	}
	p := cmd.Flags()
	p.StringVar(&f.traces, "traces", "", "a CSV trace `second,events`, or a folder of them")
	p.StringVar(&f.workloads, "workloads", "", "workloads by name, or all")
	p.StringVar(&f.weights, "weights", "", "a YAML file of weightings in place of the default ones")
	p.StringVar(&f.policy, "policy", "", "the frozen policy's file (default: the shipped one)")
	p.StringSliceVar(&f.lines, "line", nil, "files of lines (rubato pretrain line) that play beside the policy")
	p.StringSliceVar(&f.kinds, "kinds", nil, "kinds of query (default all)")
	p.StringSliceVar(&f.weightings, "weightings", nil, "weightings by name (default all)")
	p.StringSliceVar(&f.rivals, "rivals", nil, "rivals (default all); the policy always plays")
	p.IntVar(&f.seeds, "seeds", 3, "how often each cell is played (10 with --full, 20 with --adapt)")
	p.Float64Var(&f.minutes, "minutes", 20, "length of a cell (60 with --adapt)")
	p.BoolVar(&f.full, "full", false, "whole traces (an hour of a workload)")
	p.BoolVar(&f.adapt, "adapt", false, "measure how learn mode adapts the policy to shifted queries instead")
	outputVar(cmd, &f.json, "json", "write everything as JSON to a `file`, or to the output")
	outputVar(cmd, &f.csv, "csv", "write the rows as CSV to a `file`, or to the output")
	outputVar(cmd, &f.html, "html", "write a page to a `file`, or to the output")
	outputVar(cmd, &f.svg, "svg", "write the picture to a `file`, or to the output")
	return cmd
}

// fits refuses what --adapt does not measure, instead of leaving it out.
func (f *tournamentFlags) fits(cmd *cobra.Command) error {
	for _, name := range []string{"traces", "weights", "kinds", "weightings", "rivals", "line", "full", "html", "svg"} {
		if f.adapt && cmd.Flags().Changed(name) {
			return fmt.Errorf("tournament --adapt: takes no --%s: want --workloads, --policy, --seeds, --minutes, --json or --csv", name)
		}
	}
	return nil
}

// usualSeeds is how often each cell is played where nothing is said.
func (f *tournamentFlags) usualSeeds() int {
	switch {
	case f.adapt:
		return 20
	case f.full:
		return 10
	}
	return 3
}

func runTournament(cmd *cobra.Command, f *tournamentFlags) error {
	o, err := f.options()
	if err != nil {
		return usageError(fmt.Errorf("tournament: %w", err))
	}
	progress := newProgress(cmd.ErrOrStderr(), "tournament")
	o.Progress = progress.show
	r, err := tournament.Run(cmd.Context(), o)
	progress.done()
	if err != nil {
		return stopped(cmd.Context(), "tournament", err)
	}
	r.Command = strings.Join(append([]string{"rubato"}, os.Args[1:]...), " ")
	tables := true
	for _, w := range f.outputs() {
		tables = tables && w.path != "-"
		if err := writeTo(cmd.OutOrStdout(), w.path, func(out io.Writer) error { return w.write(r, out) }); err != nil {
			return err
		}
	}
	if !tables {
		return nil
	}
	return r.WriteTables(cmd.OutOrStdout())
}

// stopped names an end by Ctrl-C as such.
func stopped(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return errors.New(what + ": stopped")
	}
	return fmt.Errorf("%s: %w", what, err)
}

// options reads what the command line names.
func (f *tournamentFlags) options() (o tournament.Options, err error) {
	if !(f.minutes > 0) || f.minutes > 1e5 {
		return o, fmt.Errorf("--minutes %v: want more than 0", f.minutes)
	}
	o.Seeds, o.Length = f.seeds, time.Duration(f.minutes*float64(time.Minute))
	if f.full {
		o.Length = 0
	}
	if o.Sources, err = tournament.Sources(f.traces, f.workloads); err != nil {
		return o, err
	}
	if o.Kinds, err = tournament.SelectKinds(f.kinds); err != nil {
		return o, err
	}
	all := tournament.Weightings()
	if f.weights != "" {
		if all, err = tournament.ReadWeightings(f.weights); err != nil {
			return o, err
		}
	}
	if o.Weightings, err = tournament.SelectWeightings(all, f.weightings); err != nil {
		return o, err
	}
	if err := tournament.CheckRivals(f.rivals); err != nil {
		return o, err
	}
	o.Rivals = f.rivals
	o.EqualTriggers = len(f.rivals) == 0
	o.Lines = map[string]*policy.Lines{}
	for _, path := range f.lines {
		l, err := readLines(path)
		if err != nil {
			return o, err
		}
		o.Lines["line "+path] = &l
	}
	o.Policy, err = readPolicy(f.policy)
	return o, err
}

// readPolicy reads a frozen policy; without a path it is the one that ships.
func readPolicy(path string) (*policy.Artefact, error) {
	if path == "" {
		return pretrained.Policy()
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	a, err := policy.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

type tournamentOutput struct {
	path  string
	write func(*tournament.Result, io.Writer) error
}

func (f *tournamentFlags) outputs() []tournamentOutput {
	var all []tournamentOutput
	for _, o := range []tournamentOutput{
		{f.json, (*tournament.Result).WriteJSON}, {f.csv, (*tournament.Result).WriteCSV},
		{f.html, (*tournament.Result).WriteHTML}, {f.svg, (*tournament.Result).WritePicture},
	} {
		if o.path != "" {
			all = append(all, o)
		}
	}
	return all
}

// shifts are those that are judged, or those of the workloads that are named.
func (f *tournamentFlags) shifts() ([]tournament.Shift, error) {
	if f.workloads == "" {
		return tournament.Shifts()
	}
	sources, err := tournament.Sources("", f.workloads)
	var all []tournament.Shift
	for _, source := range sources {
		for _, s := range tournament.ShiftsOf(source) {
			s.Name = source.Name + ", " + s.Name
			all = append(all, s)
		}
	}
	return all, err
}

// runAdaptation measures how learn mode adapts the policy.
func runAdaptation(cmd *cobra.Command, f *tournamentFlags) error {
	o := tournament.AdaptOptions{Learners: tournament.Learners(), Seeds: f.seeds, Length: time.Hour, Every: 5 * time.Minute}
	if cmd.Flags().Changed("minutes") {
		o.Length = time.Duration(f.minutes * float64(time.Minute))
	}
	if o.Length < o.Every {
		return usageError(fmt.Errorf("tournament --adapt: --minutes %v: want at least %v", f.minutes, o.Every.Minutes()))
	}
	var err error
	if o.Policy, err = readPolicy(f.policy); err != nil {
		return usageError(fmt.Errorf("tournament: %w", err))
	}
	if o.Shifts, err = f.shifts(); err != nil {
		return usageError(fmt.Errorf("tournament: %w", err))
	}
	progress := newProgress(cmd.ErrOrStderr(), "tournament --adapt")
	o.Progress = progress.show
	a, err := tournament.Adapt(cmd.Context(), o)
	progress.done()
	if err != nil {
		return stopped(cmd.Context(), "tournament --adapt", err)
	}
	a.Command = strings.Join(append([]string{"rubato"}, os.Args[1:]...), " ")
	if f.json != "-" && f.csv != "-" {
		if err := a.WriteTables(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if f.json != "" {
		err = writeTo(cmd.OutOrStdout(), f.json, a.WriteJSON)
	}
	if f.csv != "" && err == nil {
		err = writeTo(cmd.OutOrStdout(), f.csv, a.WriteCSV)
	}
	return err
}
