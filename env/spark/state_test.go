package spark

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"rubato/env"

	"pgregory.net/rapid"
)

func encode(tb testing.TB, w *world) string {
	tb.Helper()
	state, forecasts := parts(tb, w.Environment)
	return string(state) + string(forecasts)
}

func parts(tb testing.TB, e *Environment) (state, forecasts []byte) {
	tb.Helper()
	state, err := e.AppendJSON(nil)
	if err == nil {
		forecasts, err = e.AppendForecasts(nil)
	}
	if err != nil || !json.Valid(state) {
		tb.Fatalf("encode: %v, %s", err, state)
	}
	return state, forecasts
}

// script draws the life of two queries of one driver, with losses, restarts,
// garbage, samples and ticks.
func script(rt *rapid.T, tb testing.TB) []env.Input {
	agents := []*agent{newAgent(tb, "shop/a", "a1"), newAgent(tb, "shop/b", "b1")}
	brokers := []string{"b:1", "c:1"}
	now := origin
	out := []env.Input{agents[0].started(now, SourceOptions{Subscribe: "orders"})}
	for range rapid.IntRange(10, 80).Draw(rt, "turns") {
		now += env.Time(rapid.Int64Range(1e6, 3e9).Draw(rt, "dt"))
		i := rapid.IntRange(0, 1).Draw(rt, "agent")
		a := agents[i]
		var in []env.Input
		switch rapid.IntRange(0, 10).Draw(rt, "what") {
		case 0:
			in = a.empty(now)
		case 1, 2, 3:
			in = a.batch(now, rapid.Int64Range(0, 1e6).Draw(rt, "rows"))
		case 4:
			in = []env.Input{a.heartbeat(now)}
		case 5:
			in = []env.Input{a.started(now, SourceOptions{Subscribe: "orders", MinOffsetsPerTrigger: "10"})}
		case 6:
			in = []env.Input{sampleAt(tb, now, brokers[i], rapid.SliceOfN(rapid.Int64Range(0, 1e9), 1, 4).Draw(rt, "ends")...)}
		case 7:
			in = []env.Input{a.terminated(now)}
			agents[i] = newAgent(tb, a.key, string(a.m.Run)+"'")
		case 8:
			in = []env.Input{{At: now, Kind: env.InputMessage, Key: a.key, Value: []byte("{")}}
		case 9:
			in = []env.Input{a.progressJSON(now, `{"numInputRows":-1,"sources":[{"description":"KafkaV2[x]","endOffset":{"orders":{"0":"NaN"}}},{"endOffset":{"x":{"1":7}}}]}`)}
		case 10:
			in = []env.Input{{At: now, Kind: env.InputStart, Value: []byte(`{"epoch":3}`)}, {At: now, Kind: env.InputCaughtUp}}
		}
		for _, x := range in {
			if rapid.IntRange(0, 9).Draw(rt, "lost") > 0 {
				out = append(out, x)
			}
			now = max(now, x.At)
		}
		out = append(out, tickAt(now))
	}
	return out
}

// rungOf answers ticks the same way for the same tick.
func rungOf(t env.Tick) int { return int(t.At/1e6) % 6 }

func TestARestoredEnvironmentContinuesBitForBit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inputs := script(rt, t)
		cut := rapid.IntRange(0, len(inputs)).Draw(rt, "cut")
		whole, head := newWorld(t), newWorld(t)
		whole.act, head.act = rungOf, rungOf
		whole.feed(inputs...)
		head.feed(inputs[:cut]...)
		saved := encode(t, head)
		tail := &world{Environment: New(options(t)), tb: t, act: rungOf}
		if err := tail.Restore(parts(t, head.Environment)); err != nil {
			rt.Fatalf("restore: %v", err)
		}
		if again := encode(t, tail); again != saved {
			rt.Fatalf("restored state encodes differently:\n%s\n%s", saved, again)
		}
		tail.feed(inputs[cut:]...)
		if encode(t, tail) != encode(t, whole) {
			rt.Fatalf("states differ after a restart at %d of %d", cut, len(inputs))
		}
		if !slices.Equal(append(head.ticks, tail.ticks...), whole.ticks) {
			rt.Fatalf("ticks differ after a restart at %d of %d", cut, len(inputs))
		}
		if a, b := flat(rt, append(head.sent, tail.sent...)), flat(rt, whole.sent); a != b {
			rt.Fatalf("commands differ after a restart at %d of %d:\n%s\n%s", cut, len(inputs), a, b)
		}
	})
}

func flat(rt *rapid.T, c []Command) string {
	b, err := json.Marshal(c)
	if err != nil {
		rt.Fatal(err)
	}
	return string(b)
}

func TestADamagedStateIsRefused(t *testing.T) {
	for _, bad := range []string{
		`{}`, `[]`, `{"Header":{},"Queries":[{"Key":"b"},{"Key":"a"}]}`, `{"Header":{},"Queries":[{"Key":"a"},{"Key":"a"}]}`,
		`{"Header":{},"Queries":[{"Key":"a","Runs":[{"State":null,"Tracker":{}}]}]}`,
	} {
		if err := New(options(t)).Restore([]byte(bad), nil); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestForecastsThatDoNotFitTheStateAreRefused(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "shop/a", "a1")
	w.feed(a.started(origin, SourceOptions{Subscribe: "orders"}))
	state, forecasts := parts(t, w.Environment)
	if len(forecasts) == 0 {
		t.Fatal("nothing was saved")
	}
	for name, bad := range map[string][]byte{
		"none":       nil,
		"cut":        forecasts[:len(forecasts)-1],
		"lengthened": append(slices.Clone(forecasts), 0),
		"others":     bytes.Replace(forecasts, []byte("holt"), []byte("rope"), 1),
	} {
		if err := New(options(t)).Restore(state, bad); err == nil {
			t.Errorf("%s were taken", name)
		}
	}
	if err := New(options(t)).Restore(state, forecasts); err != nil {
		t.Error(err)
	}
}

// FuzzTake takes lines as messages: whatever they are, ticks are numbers, and
// the state can be saved and read back.
func FuzzTake(f *testing.F) {
	a := newAgent(f, "k", "r")
	var lines []byte
	in := append([]env.Input{a.started(origin, SourceOptions{Subscribe: "orders"})}, a.batch(origin+1e9, 5)...)
	for _, x := range append(in, a.empty(origin+2e9)...) {
		lines = append(append(lines, x.Value...), '\n')
	}
	f.Add(lines)
	f.Fuzz(func(t *testing.T, in []byte) {
		w := newWorld(t)
		w.act = rungOf
		now := origin
		for _, line := range bytes.SplitN(in, []byte("\n"), 40) {
			now += 3e8
			w.feed(env.Input{At: now, Kind: env.InputMessage, Key: "k", Value: line}, sampleAt(t, now, "b:1", int64(len(line))), tickAt(now))
		}
		saved := encode(t, w)
		back := &world{Environment: New(options(t)), tb: t}
		if err := back.Restore(parts(t, w.Environment)); err != nil {
			t.Fatal(err)
		}
		if encode(t, back) != saved {
			t.Fatal("the state does not round-trip")
		}
	})
}
