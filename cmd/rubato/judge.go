package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rubato/agent/judge"
	"rubato/internal/app"
)

// judgeFlags are what `rubato judge` was asked.
type judgeFlags struct {
	config, journal, group, policy, against string
	json                                    bool
}

func newJudge() *cobra.Command {
	var f judgeFlags
	cmd := &cobra.Command{
		Use:   "judge",
		Short: "Play a policy on the arrivals that were recorded, beside the job's own intervals",
		Long: `Judge plays the arrivals of each query that a journal recorded, observe mode's
too, in a simulator fitted to that query: with the interval that the job is
configured to, and with the policy that ships. So it tells what tuning would be
worth before anything is commanded.

With --policy it is a gate: the frozen policy plays beside the one that ships (or
--against another), on what was recorded after it was frozen alone, and it exits 3
unless the policy is surely better on the whole and surely worse for no query. Of
some query an hour at least has to be known; then only such count.

It reads the journal of a tuner that is not running, or a copy of it.`,
		Example: `  rubato judge --config rubato.yaml                          # what would tuning save?
  rubato judge --config rubato.yaml --policy orders.policy   # is it better than the one that ships?`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.judge(cmd) },
	}
	p := cmd.Flags()
	p.StringVarP(&f.config, "config", "c", "", "the configuration whose weights, bounds and targets hold; without one the defaults do")
	p.StringVar(&f.journal, "journal", "", "the journal (default: store.journal)")
	p.StringVar(&f.group, "group", "", "judge the queries of this group alone (default: the one that --policy was frozen from, else all)")
	p.StringVar(&f.policy, "policy", "", "the frozen policy's file; without one the policy that ships is judged")
	p.StringVar(&f.against, "against", "", "the policy to be better than (default: the one that ships)")
	p.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (f *judgeFlags) judge(cmd *cobra.Command) error {
	cfg, err := loadNamed(cmd, f.config)
	if err != nil {
		return err
	}
	if f.journal == "" {
		f.journal = cfg.Store.Journal
	}
	o := app.JudgeOptions{Config: cfg, Group: f.group, Journal: f.journal}
	if o.Contestants, err = f.contestants(); err != nil {
		return usageError(err)
	}
	bar := newProgress(cmd.ErrOrStderr(), "judge, windows")
	o.Progress = bar.show
	all, err := app.Judge(cmd.Context(), o)
	bar.done()
	var verdict error
	switch {
	case errors.Is(err, app.ErrNoGroup):
		return usageError(err)
	case errors.Is(err, app.ErrSeen):
		verdict = err
	case err != nil:
		return stopped(cmd.Context(), "judge", unread(err))
	case f.policy != "":
		verdict = judge.Gate(all)
	}
	if err := f.print(cmd.OutOrStdout(), all, verdict); err != nil {
		return err
	}
	if verdict != nil {
		return foundError(fmt.Errorf("%s is not to be served: %w", f.policy, verdict))
	}
	return nil
}

// contestants are the configured interval, the policy to be better than, and the
// one that is judged where one is named.
func (f *judgeFlags) contestants() ([]judge.Contestant, error) {
	if f.against != "" && f.policy == "" {
		return nil, errors.New("judge: --against wants a --policy that is judged")
	}
	base, err := readPolicy(f.against)
	if err != nil {
		return nil, err
	}
	all := []judge.Contestant{
		{Name: "as configured"},
		{Name: cmp.Or(f.against, "the policy that ships"), Policy: base},
	}
	if f.policy == "" {
		return all, nil
	}
	judged, err := readPolicy(f.policy)
	return append(all, judge.Contestant{Name: f.policy, Policy: judged}), err
}

func (f *judgeFlags) print(out io.Writer, all []judge.Judgement, verdict error) error {
	overall := judge.Overall(all)
	if f.json {
		doc := struct {
			Queries []judge.Judgement `json:"queries"`
			Overall *judge.Summary    `json:"overall"`
			Why     string            `json:"notToBeServed,omitempty"`
		}{Queries: all}
		if overall.Counted > 0 {
			doc.Overall = &overall
		}
		if verdict != nil {
			doc.Why = verdict.Error()
		}
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(doc)
	}
	for i := range all {
		if err := printJudgement(out, &all[i]); err != nil {
			return err
		}
	}
	var err error
	switch {
	case len(all) > 0 && overall.Counted > 0:
		_, err = fmt.Fprintf(out, "over all, by %d of %d queries: %s\n", overall.Counted, overall.Queries, told(overall.Change))
	case len(all) == 0 && verdict == nil:
		_, err = fmt.Fprintln(out, "the journal tells of no query")
	}
	return err
}

func printJudgement(out io.Writer, j *judge.Judgement) error {
	if j.Why != "" {
		_, err := fmt.Fprintf(out, "%s: not judged: %s\n\n", j.Query, j.Why)
		return err
	}
	fmt.Fprintf(out, "%s: %v in %d windows\n", j.Query, time.Duration(j.Seconds*float64(time.Second)).Round(time.Second), j.Windows)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tcost a second\tmean delay, s\ttriggers/s\tempty/s\tbatches/s\t")
	for _, r := range j.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Name,
			digits(r.CostRate), digits(r.MeanDelay), digits(r.Triggers), digits(r.Empties), digits(r.Batches))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	last := len(j.Rows) - 1
	_, err := fmt.Fprintf(out, "%s, of the cost of %s: %s\n\n", j.Rows[last].Name, j.Rows[last-1].Name, told(j.Change))
	return err
}

// digits are four, or all those before the point.
func digits(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

// told is a change in words.
func told(c judge.Change) string {
	if c.Same {
		return "the same decisions"
	}
	return fmt.Sprintf("%.3f (95 %%: %.3f to %.3f)", c.Ratio, c.Low, c.High)
}
