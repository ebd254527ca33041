// Command memory measures the resident memory of `rubato run` with 100
// pretended queries on the wire: in serve and in learn mode, with the broker in
// this process (so that only the tuner is measured) and with the embedded one.
//
// Learn mode starts from the shipped policy. Every query runs a batch at each of
// its triggers, with Spark's progress and a heartbeat a second, obeys the commands,
// and reads a topic that grows by 100 events a second, of which the tuner asks the
// end offsets. Checkpoints are made every 10 s instead of every minute, so that a
// minute ends with as many of them in the store as there ever are. Linux only: the
// figures are those of /proc/PID/status.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rubato/bench/stage"
	"rubato/internal/broker"
)

// flags of the command.
type flags struct {
	binary  string
	queries int
	length  time.Duration
	modes   string
}

func main() {
	var f flags
	flag.StringVar(&f.binary, "rubato", filepath.Join("bin", "rubato"), "the binary to measure")
	flag.IntVar(&f.queries, "queries", 100, "how many queries to pretend")
	flag.DurationVar(&f.length, "length", time.Minute, "how long to feed each run")
	flag.StringVar(&f.modes, "modes", "serve,learn", "the modes to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, embedded := range []bool{false, true} {
		for mode := range strings.SplitSeq(f.modes, ",") {
			if err := measure(ctx, f, mode, embedded); err != nil {
				fmt.Fprintln(os.Stderr, "bench-memory:", err)
				os.Exit(1)
			}
		}
	}
}

// measure runs the daemon once and prints its memory.
func measure(ctx context.Context, f flags, mode string, embedded bool) error {
	dir, err := os.MkdirTemp("", "rubato-memory-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := stage.Settings{Mode: mode, Bounds: "{min: 0.1x, max: 5x}", Every: 10 * time.Second}
	if s.HTTP, err = stage.FreeAddr(); err != nil {
		return err
	}
	if mode == "serve" {
		if s.Artefact, err = stage.WritePolicy(dir, 1, false); err != nil {
			return err
		}
	}
	where := "embedded broker"
	if !embedded {
		where = "broker elsewhere"
		b, err := broker.Start(broker.Options{})
		if err != nil {
			return err
		}
		defer b.Close()
		s.Brokers = []string{b.Addr()}
	}
	config, err := stage.Write(dir, s)
	if err != nil {
		return err
	}
	log := filepath.Join(dir, "rubato.log")
	d, err := stage.Start(f.binary, config, log)
	if err != nil {
		return err
	}
	if err := drive(ctx, f, d, s, log); err != nil {
		_ = d.Stop()
		return err
	}
	m, err := memory(d.PID())
	if err != nil {
		return err
	}
	fmt.Printf("%-5s mode, %d queries, %s: resident %5.1f MB (anonymous %5.1f, files %5.1f), peak %5.1f MB\n",
		mode, f.queries, where, m["VmRSS"], m["RssAnon"], m["RssFile"], m["VmHWM"])
	return d.Stop()
}

// drive waits until the daemon is ready and feeds it.
func drive(ctx context.Context, f flags, d *stage.Daemon, s stage.Settings, log string) error {
	within, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := d.Ready(within, s.HTTP); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("%w\n%s", err, text)
	}
	brokers := s.Brokers
	if len(brokers) == 0 {
		addr, err := logged(log, "address")
		if err != nil {
			return err
		}
		brokers = []string{addr}
	}
	seen, err := feed(ctx, brokers, f.queries, f.length)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "fed %d messages, %d commands came back\n", seen.messages, seen.commands)
	return nil
}

// memory reads the sizes of a process, MB.
func memory(pid int) (map[string]float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, fmt.Errorf("reading the daemon's memory: %w", err)
	}
	defer func() { _ = f.Close() }()
	sizes := map[string]float64{}
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		name, rest, _ := strings.Cut(scan.Text(), ":")
		if words := strings.Fields(rest); len(words) == 2 && words[1] == "kB" {
			kib, err := strconv.ParseFloat(words[0], 64)
			if err != nil {
				return nil, fmt.Errorf("reading the daemon's %s: %w", name, err)
			}
			sizes[name] = kib * 1024 / 1e6
		}
	}
	return sizes, scan.Err()
}
