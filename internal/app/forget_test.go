package app

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"rubato/agent"
	"rubato/configs"
	"rubato/env"
	"rubato/internal/broker"
	"rubato/replay"
)

func TestQueriesThatAreGoneForGoodLeaveNothingInTheState(t *testing.T) {
	v := newVirtual(t, parsed(t, "groups: [{name: all, match: ['*'], "+rule+"}]"), nil, nil)
	v.live()
	for i := range 5 {
		q := pretend(t, fmt.Sprintf("job/query-%d", i), fmt.Sprintf("run-%d", i))
		v.add(q)
		v.pass(40)
		if i == 4 {
			v.take(env.Input{Kind: env.InputHold, Key: q.key})
		}
		v.message(q, q.terminated(v.at))
		v.queries = nil
	}
	holds := func(key string) bool {
		state, err := v.core.State()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(state, []byte(key))
	}
	if !holds("job/query-0") {
		t.Fatal("a query that has just ended is forgotten")
	}
	v.at += 2 * 24 * 3600 * 1e9
	v.pass(1)
	for i := range 4 {
		if key := fmt.Sprintf("job/query-%d", i); holds(key) {
			t.Errorf("two days later %s is still held", key)
		}
	}
	if !v.core.loop.Held("job/query-4") {
		t.Error("the query that an operator holds is forgotten")
	}
}

func TestAQueryThatHasEndedIsShownNoMore(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	shown := func() (metrics, queries bool) {
		_, body := ask(t, a, "GET", "/metrics")
		return strings.Contains(body, `query="shop/orders"`), len(a.Snapshots()) > 0
	}
	eventually(t, "it to be shown", func() bool { metrics, queries := shown(); return metrics && queries })
	d.send(d.terminated(now()))
	eventually(t, "it to be gone", func() bool { metrics, queries := shown(); return !metrics && !queries })
	a.Stop()
}

// Each update of a network gives it another name.
func TestALearningNetworksNameMakesNoNewSeries(t *testing.T) {
	for _, c := range []struct {
		policy string
		learns bool
		want   string
	}{
		{"net-0123456789ab", true, agent.Learned}, {"net-0123456789ab", false, "net-0123456789ab"}, {"waiting-cost", true, "waiting-cost"},
	} {
		if got := label(c.policy, c.learns); got != c.want {
			t.Errorf("%s, learning %v: %s, want %s", c.policy, c.learns, got, c.want)
		}
	}
}

func TestWhatIsWrittenToTheYAMLDuringTheStartIsApplied(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: observe, policy: waiting-cost")
	cfg, err := configs.Load(b.config, Known())
	if err != nil {
		t.Fatal(err)
	}
	b.configure(rule) // the journal is being replayed meanwhile
	a, err := Start(context.Background(), Options{Config: cfg, ConfigPath: b.config, Log: zerolog.New(b.logs)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	eventually(t, "what the file says to be in force", func() bool { return a.config.Load().Groups[0].Mode == "serve" })
	a.Stop()
}

func TestAJournalThatBeginsBehindTheCheckpointIsToldByItsMissingRecords(t *testing.T) {
	j, err := replay.Open(filepath.Join(t.TempDir(), "journal.db"), replay.Options{MaxBytes: 8 << 20, After: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	j.AppendInput(&env.Input{At: 1, Kind: env.InputPeriod})
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	turns := 0
	err = eachTurn(j, 5, func(*turn) error { turns++; return nil })
	if err == nil || !strings.Contains(err.Error(), "records 5 to 10 are missing") || turns != 0 {
		t.Errorf("%d turns, %v", turns, err)
	}
}
