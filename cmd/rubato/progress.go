package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"rubato/internal/terminal"
)

// progress shows how far a long command is, and when it will end: a bar on a
// terminal, else a line every ten seconds. It may be used by several goroutines.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	what     string
	terminal bool
	begun    time.Time
	last     time.Time
	shown    bool
}

func newProgress(out io.Writer, what string) *progress {
	now := time.Now()
	return &progress{out: out, what: what, terminal: terminal.Is(out), begun: now, last: now}
}

// show says that so many of total are done.
func (p *progress) show(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if now.Sub(p.last) < every || done <= 0 || total <= 0 {
		return
	}
	p.last, p.shown = now, true
	spent := now.Sub(p.begun)
	left := time.Duration(float64(spent) / float64(done) * float64(total-done)).Round(time.Second)
	if !p.terminal {
		fmt.Fprintf(p.out, "%s: %d of %d, %v left\n", p.what, done, total, left)
		return
	}
	const width = 30
	full := min(width*done/total, width)
	fmt.Fprintf(p.out, "\r\x1b[K%s [%s%s] %d of %d, %v left", p.what,
		strings.Repeat("=", full), strings.Repeat(" ", width-full), done, total, left)
}

// done leaves the bar.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
