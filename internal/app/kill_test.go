package app

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	relearnEvery = 10
	kills        = 50
)

// childProcess starts the test binary on a task; what it prints comes line by
// line.
func childProcess(t *testing.T, task ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // the test binary itself
	cmd.Env = append(os.Environ(), childTask+"="+strings.Join(task, string(filepath.ListSeparator)))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// relearn runs a child to its end, or kills it at about its n-th checkpoint; -1
// kills never. It returns the hash where it came to its end.
func relearn(t *testing.T, journal, store string, n int, later time.Duration) (hash string) {
	t.Helper()
	cmd, lines := childProcess(t, "relearn", journal, store)
	for lines.Scan() {
		if h, ended := strings.CutPrefix(lines.Text(), "hash "); ended {
			if err := cmd.Wait(); err != nil && n != 0 { // 0: killed, but too late
				t.Fatal(err)
			}
			return h
		}
		if n == 1 {
			n = 0
			time.Sleep(later) // somewhere in the checkpoint, or past it
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		} else if n > 1 {
			n--
		}
	}
	if n != 0 {
		t.Fatalf("the child ended by itself: %v", cmd.Wait())
	}
	_ = cmd.Wait() // it was killed
	return ""
}

func TestLearnRunKilledFiftyTimesEndsInTheSameHash(t *testing.T) {
	journal, v := record(t, 250)
	learner := v.core.loop.Status()[0].Learner
	if learner.Updates < 3 || learner.Late == 0 {
		t.Fatalf("the recorded run learnt too little to show anything: %+v", learner)
	}
	folder := t.TempDir()
	undisturbed := relearn(t, journal, filepath.Join(folder, "undisturbed.db"), -1, 0)
	if undisturbed == "" {
		t.Fatal("the undisturbed run told no hash")
	}
	rng := rand.New(rand.NewPCG(50, 50))
	store := filepath.Join(folder, "killed.db")
	ended := 0
	for killed := 0; killed < kills; {
		hash := relearn(t, journal, store, 1+rng.IntN(5), time.Duration(rng.IntN(20))*time.Millisecond)
		if hash == "" {
			killed++
			continue
		}
		ended++
		if hash != undisturbed {
			t.Fatalf("after %d kills it ended in %s, undisturbed in %s", killed, hash, undisturbed)
		}
		if err := os.Remove(store); err != nil {
			t.Fatal(err)
		}
	}
	if hash := relearn(t, journal, store, -1, 0); hash != undisturbed {
		t.Fatalf("killed %d times it ended in %s, undisturbed in %s", kills, hash, undisturbed)
	}
	t.Logf("%d kills, %d steps, %d updates, %d runs came to their end", kills, len(v.steps), learner.Updates, ended+1)
}
