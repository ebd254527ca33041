package app

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"rubato/configs"
	"rubato/env"
	"rubato/env/spark"
	"rubato/policy"
	"rubato/replay"
)

// artefact writes a random policy: learning starts from it at once.
func artefact(tb testing.TB) string {
	tb.Helper()
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(1, 1))))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := (&policy.Artefact{Network: n, ReturnScale: 50}).Encode()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "first.policy")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func parsed(tb testing.TB, yaml string) *configs.Config {
	tb.Helper()
	cfg, err := configs.Parse([]byte(yaml), Known())
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// virtual is a Core in virtual time with pretended queries that obey it, each
// of some 40 rows a second in batches of 150 ms.
type virtual struct {
	tb       testing.TB
	core     *Core
	at       env.Time
	queries  []*pretended
	began    map[*pretended]env.Time
	steps    []replay.Step
	commands []spark.Command
	// journal, if set, gets every input and step; late says which updates are
	// put off.
	journal *replay.Journal
	late    func() bool
}

func newVirtual(tb testing.TB, cfg *configs.Config, journal *replay.Journal, late func() bool) *virtual {
	tb.Helper()
	v := &virtual{tb: tb, at: 1e18, began: map[*pretended]env.Time{}, journal: journal, late: late}
	v.core = NewCore(Hooks{
		Step: func(s *replay.Step) {
			v.steps = append(v.steps, *s)
			if v.journal != nil {
				v.journal.AppendStep(s)
			}
		},
		Command: func(c spark.Command) {
			v.commands = append(v.commands, c)
			for _, q := range v.queries {
				if q.key == string(c.Query) {
					q.obey(&c.Decision)
				}
			}
		},
		Late: func(group string, step uint64, _ bool) bool {
			if v.late == nil || !v.late() {
				return false
			}
			if v.journal != nil {
				in := lateInput(v.at, group, step)
				v.journal.AppendInput(&in)
			}
			return true
		},
	})
	tb.Cleanup(v.core.Close)
	value, err := configValue(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	v.take(env.Input{Kind: env.InputConfig, Value: value})
	return v
}

// live starts the process and lets it command.
func (v *virtual) live() {
	v.take(env.Input{Kind: env.InputStart, Value: startValue(1)})
	v.take(env.Input{Kind: env.InputCaughtUp})
}

func (v *virtual) take(in env.Input) {
	v.tb.Helper()
	in.At = v.at
	if v.journal != nil {
		v.journal.AppendInput(&in)
	}
	if err := v.core.Take(&in); err != nil {
		v.tb.Fatal(err)
	}
}

func (v *virtual) message(q *pretended, values ...[]byte) {
	for _, b := range values {
		v.take(env.Input{Kind: env.InputMessage, Key: q.key, Value: b, Offset: v.core.Positions()[0]})
	}
}

func (v *virtual) add(q *pretended) {
	v.queries = append(v.queries, q)
	v.message(q, q.started(v.at))
}

// pass lets n decision periods of 200 ms go by.
func (v *virtual) pass(n int) {
	for range n {
		v.at += 200e6
		for _, q := range v.queries {
			since := v.at - v.began[q]
			switch {
			case q.m.Phase == spark.PhaseBatch:
				v.message(q, q.end(v.at, int64(since/25e6)+1)...)
			case since >= env.Time(q.m.IntervalMs)*1e6:
				v.began[q] = v.at
				v.message(q, q.begin(v.at))
			default:
				v.message(q, q.heartbeat(v.at))
			}
		}
		v.take(env.Input{Kind: env.InputPeriod})
	}
}

// record journals a learn run of two queries, every third update put off, and
// returns the journal's path.
func record(t *testing.T, periods int) (path string, v *virtual) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal.db")
	j, err := replay.Open(path, replay.Options{MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	cfg := parsed(t, "groups: [{name: all, match: ['*'], mode: learn, artefact: "+artefact(t)+"}]")
	v = newVirtual(t, cfg, j, func() bool { return rng.IntN(3) == 0 })
	v.live()
	v.add(pretend(t, "shop/orders", "run-1"))
	v.add(pretend(t, "shop/carts", "run-2"))
	v.pass(periods)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path, v
}
