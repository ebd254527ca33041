package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rubato/configs"
	"rubato/internal/app"
)

// daemon speaks to a running daemon over its HTTP interface.
type daemon struct{ address string }

func (d *daemon) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.address, "address", configs.Environment().HTTP.Listen, "where the daemon's HTTP interface is (http.listen)")
}

// base is the address as a URL: people paste it with its scheme too.
func (d *daemon) base() string {
	address := strings.TrimRight(d.address, "/")
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return address
}

func (d *daemon) call(ctx context.Context, method, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.base()+path, nil)
	if err != nil {
		return nil, usageError(fmt.Errorf("the daemon's address %q: %w", d.address, err))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no daemon answers at %s (is `rubato run` up? --address names another place): %w", d.address, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the daemon's answer: %w", err)
	}
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("the daemon refused: %s", explain(body, res.Status))
	}
	return body, nil
}

// explain takes the reason out of the daemon's answer.
func explain(body []byte, status string) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		return answer.Error
	}
	return strings.TrimSpace(status + " " + string(body))
}

func newStatus() *cobra.Command {
	var d daemon
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show what the running daemon sees and does",
		Example: "  rubato status\n  rubato status --json | jq '.[].rate'",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := d.call(cmd.Context(), http.MethodGet, "/api/queries")
			if err != nil {
				return err
			}
			if asJSON {
				_, err := cmd.OutOrStdout().Write(append(body, '\n'))
				return err
			}
			return printQueries(cmd.OutOrStdout(), body, func() error {
				_, err := d.call(cmd.Context(), http.MethodGet, "/-/ready")
				return err
			})
		},
	}
	d.flag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the daemon's answer as it is")
	return cmd
}

func newHold() *cobra.Command {
	return operatorCommand("hold", "Keep a query at its configured interval until it is released",
		"  rubato hold 'rubato-demo/clicks'")
}

func newRelease() *cobra.Command {
	return operatorCommand("release", "Let the tuner command a held query again",
		"  rubato release 'rubato-demo/clicks'")
}

func operatorCommand(verb, short, example string) *cobra.Command {
	var d daemon
	cmd := &cobra.Command{
		Use: verb + " QUERY", Short: short, Example: example, Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return usageError(errors.New("the query's key is empty: `rubato status` lists the keys"))
			}
			if _, err := d.call(cmd.Context(), http.MethodPost, "/api/queries/"+url.PathEscape(args[0])+"/"+verb); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", verb, args[0])
			return nil
		},
	}
	d.flag(cmd)
	return cmd
}

// printQueries prints the daemon's answer; where it is empty, ready says why it
// may be.
func printQueries(out io.Writer, body []byte, ready func() error) error {
	var queries []app.Query
	if err := json.Unmarshal(body, &queries); err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	if len(queries) == 0 {
		if err := ready(); err != nil {
			_, err = fmt.Fprintf(out, "no queries: %v\n", err)
			return err
		}
		_, err := fmt.Fprintln(out, "no queries: is a Spark driver running with the agent, and does it reach the same broker?")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "QUERY\tGROUP\tMODE\tSTATE\tRATE\tBACKLOG\tCONFIGURED\tEFFECTIVE\tCOMMANDED\tBATCH\tTRIGGERS\tEMPTY")
	for i := range queries {
		fmt.Fprintln(w, queryRow(&queries[i]))
	}
	return w.Flush()
}

func queryRow(q *app.Query) string {
	mode, commanded := q.Mode, "-"
	if q.Held {
		mode += " (held)"
	}
	if q.CommandedMs > 0 {
		commanded = milliseconds(q.CommandedMs)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%.1f/s\t%.0f\t%s\t%s\t%s\t%s\t%d\t%d",
		shown(string(q.Query)), shown(q.Group), mode, shown(queryState(q)), q.Rate, q.Backlog,
		milliseconds(q.ConfiguredMs), milliseconds(q.EffectiveMs), commanded, milliseconds(int64(q.BatchMs)),
		q.Counters.Triggers, q.Counters.EmptyTriggers)
}

// queryState is what the query is at, and why that is all that is known.
func queryState(q *app.Query) string {
	switch {
	case q.Stale:
		return fmt.Sprintf("stale (silent for %v)", (time.Duration(q.SinceMs) * time.Millisecond).Round(time.Second))
	case q.Why != "":
		return fmt.Sprintf("%s (%s)", q.State, q.Why)
	}
	return q.State
}

// shown quotes a text that a terminal might not print as it is.
func shown(text string) string {
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

func milliseconds(n int64) string { return (time.Duration(n) * time.Millisecond).String() }
