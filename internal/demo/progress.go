package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"rubato/internal/terminal"
)

// live is the line in the terminal: a progress bar and what the tuner sees.
// Where the output is not a terminal it prints a line every ten seconds.
type live struct {
	out      io.Writer
	terminal bool
	total    time.Duration
	last     time.Time
}

func newLive(out io.Writer, total time.Duration) *live {
	return &live{out: out, terminal: terminal.Is(out), total: total}
}

// status is what one live line says.
type status struct {
	half              string
	rate, backlog     float64
	interval, latency time.Duration
	action            string
	triggers, empty   int
}

// show draws the line; elapsed is the time since the first half began.
func (l *live) show(now time.Time, elapsed time.Duration, s status) {
	if !l.terminal && now.Sub(l.last) < 10*time.Second {
		return
	}
	l.last = now
	line := fmt.Sprintf("%s %s %-8s rate %5.0f/s backlog %5.0f interval %6s %-8s latency %6s triggers %d (%d empty)",
		bar(elapsed, l.total), clock(max(l.total-elapsed, 0)), s.half, s.rate, s.backlog,
		s.interval.Round(10*time.Millisecond), s.action, s.latency.Round(10*time.Millisecond), s.triggers, s.empty)
	if l.terminal {
		_, _ = fmt.Fprintf(l.out, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(l.out, line)
}

// say prints a line of its own above the live line.
func (l *live) say(format string, args ...any) {
	prefix := ""
	if l.terminal {
		prefix = "\r\x1b[K"
	}
	_, _ = fmt.Fprintf(l.out, prefix+format+"\n", args...)
}

// done leaves the live line.
func (l *live) done() {
	if l.terminal {
		_, _ = fmt.Fprintln(l.out)
	}
}

func bar(elapsed, total time.Duration) string {
	const width = 20
	full := 0
	if total > 0 {
		full = min(int(int64(width)*int64(elapsed)/int64(total)), width)
	}
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "]"
}

func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
