package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rubato/agent/pretrain"
)

// writerFunc is a log that is told each line.
type writerFunc func(string)

func (f writerFunc) Write(line []byte) (int, error) { f(string(line)); return len(line), nil }

func smallSearch(t *testing.T, out string, log writerFunc) *lineSearch {
	t.Helper()
	blocks, err := blocksNamed([]string{"shared", "target"})
	if err != nil {
		t.Fatal(err)
	}
	return &lineSearch{Search: pretrain.Search{Seed: 1, Drivers: 1, Evaluations: 2, Length: time.Minute}, out: out, blocks: blocks, log: log}
}

func TestALineSearchThatWasStoppedGoesOnAndEndsInTheSameBytes(t *testing.T) {
	whole, stopped := filepath.Join(t.TempDir(), "line.json"), filepath.Join(t.TempDir(), "line.json")
	quiet := func(string) {}
	l := smallSearch(t, whole, quiet)
	if err := errors.Join(l.begin(""), l.run(t.Context())); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l = smallSearch(t, stopped, func(line string) {
		if strings.HasPrefix(line, "block shared: ") {
			cancel()
		}
	})
	if err := errors.Join(l.begin(""), l.run(ctx)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var said strings.Builder
	l = smallSearch(t, stopped, func(line string) { said.WriteString(line) })
	if err := errors.Join(l.begin(""), l.run(t.Context())); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said.String(), "block shared: ") || !strings.Contains(said.String(), "block target: ") {
		t.Fatalf("it searched:\n%s", said.String())
	}
	want, got := contents(t, whole), contents(t, stopped)
	if got != want {
		t.Fatalf("stopped and gone on with it came to\n%s\nand not to\n%s", got, want)
	}
	if _, err := os.Stat(l.statePath()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the state is left:", err)
	}
}

func TestAnotherLineSearchsStateIsRefusedByName(t *testing.T) {
	out := filepath.Join(t.TempDir(), "line.json")
	l := smallSearch(t, out, func(string) {})
	if err := l.begin(""); err != nil {
		t.Fatal(err)
	}
	if err := l.write(l.statePath(), l.state); err != nil {
		t.Fatal(err)
	}
	before := contents(t, l.statePath())
	l = smallSearch(t, out, func(string) {})
	l.Seed = 2
	if err := l.begin(""); err == nil || !strings.Contains(err.Error(), l.statePath()) || !strings.Contains(err.Error(), "--seed 1 ") {
		t.Fatal(err)
	}
	if contents(t, l.statePath()) != before {
		t.Fatal("it was changed")
	}
	if err := os.WriteFile(l.statePath(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.begin(""); err == nil || !strings.Contains(err.Error(), l.statePath()) {
		t.Fatal(err)
	}
}
