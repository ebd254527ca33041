package main

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"rubato/checkpoints/boltfile"
	"rubato/env"
	"rubato/policy"
	"rubato/replay"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"rubato": main}) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await-ready": awaitReady, "forge": forge, "flip": flip, "mkpolicy": makePolicy, "exits": exits, "hangup": hangup,
		},
		Setup: func(e *testscript.Env) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			e.Setenv("HTTP", ln.Addr().String())
			return ln.Close()
		},
	})
}

// awaitReady waits until the daemon at $HTTP is ready.
func awaitReady(ts *testscript.TestScript, _ bool, _ []string) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		res, err := http.Get("http://" + ts.Getenv("HTTP") + "/-/ready") //nolint:noctx // a test's own daemon
		if err != nil {
			continue
		}
		ts.Check(res.Body.Close())
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("the daemon is not ready")
}

// hangup sends SIGHUP to the daemon whose note is named, and waits until it has
// loaded its configuration once more.
func hangup(ts *testscript.TestScript, _ bool, args []string) {
	var holder boltfile.Holder
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &holder))
	before := loadedAt(ts)
	ts.Check(syscall.Kill(holder.PID, syscall.SIGHUP))
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if loadedAt(ts) != before {
			return
		}
	}
	ts.Fatalf("SIGHUP loads nothing")
}

// loaded is the metric of when a configuration was last loaded.
const loaded = "rubato_config_last_reload_success_timestamp_seconds"

// loadedAt is the daemon's line on when it loaded its configuration.
func loadedAt(ts *testscript.TestScript) string {
	res, err := http.Get("http://" + ts.Getenv("HTTP") + "/metrics") //nolint:noctx // a test's own daemon
	ts.Check(err)
	body, err := io.ReadAll(res.Body)
	ts.Check(errors.Join(err, res.Body.Close()))
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, loaded+" ") {
			return line
		}
	}
	ts.Fatalf("no %s among the metrics", loaded)
	return ""
}

// exits runs rubato and checks its exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("rubato", args[1:]...)
	got, exit := 0, (*exec.ExitError)(nil)
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("rubato %q exited with %d, want %d", args[1:], got, want)
	}
}

// forge copies a journal and moves each of its ticks by a nanosecond.
func forge(ts *testscript.TestScript, _ bool, args []string) {
	from, err := replay.Open(ts.MkAbs(args[0]), replay.Options{ReadOnly: true})
	ts.Check(err)
	to, err := replay.Open(ts.MkAbs(args[1]), replay.Options{MaxBytes: 8 << 20})
	ts.Check(err)
	ts.Check(from.Iterate(1, func(r replay.Record) error {
		switch {
		case r.Step != nil:
			to.AppendStep(r.Step)
		case r.Input.Kind == env.InputPeriod:
			r.Input.At++
			fallthrough
		default:
			to.AppendInput(r.Input)
		}
		return nil
	}))
	ts.Check(from.Close())
	ts.Check(to.Close())
}

// flip damages a file behind its first pages.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path) //nolint:gosec // the script's own file
	ts.Check(err)
	for i := 8192; i < len(data); i += 256 {
		data[i] ^= 0x55
	}
	ts.Check(os.WriteFile(path, data, 0o600))
}

// makePolicy writes a random policy.
func makePolicy(ts *testscript.TestScript, _ bool, args []string) {
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(1, 1))))
	ts.Check(err)
	text, err := (&policy.Artefact{Network: n, ReturnScale: 50}).Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

func TestEveryCommandThatRunsHasAnExampleAndIsShort(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.Short == "" {
			t.Errorf("%s does not say what it does", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
