package stage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rubato/env"
	"rubato/policy"
)

// Settings are what a measurement varies of a configuration.
type Settings struct {
	// Brokers to use; none starts the embedded one on a free port.
	Brokers []string
	// HTTP is the address of the HTTP interface.
	HTTP string
	// Prefix of the topics and Profile of the weights; empty for the defaults.
	Prefix, Profile string
	// Mode and Bounds are those of the one group. Artefact is the file of the
	// network it acts by; empty takes the shipped one.
	Mode, Artefact, Bounds string
	// Every is the time between checkpoints; 0 keeps the default.
	Every time.Duration
}

// Write writes a configuration whose stores lie in dir, and returns its path.
func Write(dir string, s Settings) (string, error) {
	brokers := make([]string, len(s.Brokers))
	for i, b := range s.Brokers {
		brokers[i] = fmt.Sprintf("%q", b)
	}
	text := fmt.Sprintf(`kafka: {brokers: [%s], listen: "127.0.0.1:0", data: %q}
http: {listen: %q}
store: {checkpoints: %q, journal: %q}
log: {format: json}
groups:
  - name: bench
    match: ["*"]
    mode: %s
    policy: learned
    bounds: %s
`, strings.Join(brokers, ", "), filepath.Join(dir, "broker"), s.HTTP,
		filepath.Join(dir, "checkpoints.db"), filepath.Join(dir, "journal.db"),
		s.Mode, s.Bounds)
	if s.Artefact != "" {
		text += fmt.Sprintf("    artefact: %q\n", s.Artefact)
	}
	if s.Profile != "" {
		text += fmt.Sprintf("    profile: %s\n", s.Profile)
	}
	if s.Prefix != "" {
		text = strings.Replace(text, "kafka: {", fmt.Sprintf("kafka: {prefix: %q, ", s.Prefix), 1)
	}
	if s.Every > 0 {
		text = strings.Replace(text, "store: {", fmt.Sprintf("store: {every: %s, ", s.Every), 1)
	}
	path := filepath.Join(dir, "rubato.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return "", fmt.Errorf("writing the configuration: %w", err)
	}
	return path, nil
}

// Artefact is a frozen policy of drawn weights, twice as wide as the shipped one:
// what is measured on it is no better than what ships. One that is restless
// never keeps the interval: on a ladder of two rungs it changes it at every
// decision.
func Artefact(seed uint64, restless bool) (*policy.Artefact, error) {
	layout := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	weights := layout.Initial(rand.New(rand.NewPCG(seed, 0)))
	if restless {
		for _, b := range layout.Blocks() {
			if b.Name == "actor.b3" {
				weights[b.Offset+int(env.Keep)] = -100
			}
		}
	}
	net, err := policy.NewNetwork(layout, weights)
	if err != nil {
		return nil, fmt.Errorf("making a policy: %w", err)
	}
	return &policy.Artefact{Network: net, ReturnScale: 1, Provenance: map[string]string{"method": "drawn for a measurement"}}, nil
}

// WritePolicy writes Artefact into dir and returns its path.
func WritePolicy(dir string, seed uint64, restless bool) (string, error) {
	a, err := Artefact(seed, restless)
	if err != nil {
		return "", err
	}
	text, err := a.Encode()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bench.policy")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("writing the policy: %w", err)
	}
	return path, nil
}

// FreeAddr is an address on loopback that nobody listens on yet.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// Daemon is a `rubato run` in a process of its own.
type Daemon struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts binary with a configuration; its log goes into the file named.
func Start(binary, config, log string) (*Daemon, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the daemon's log: %w", err)
	}
	defer func() { _ = f.Close() }() // the child keeps its own descriptor
	d := &Daemon{cmd: exec.Command(binary, "run", "--config", config), done: make(chan struct{})}
	d.cmd.Stderr = f
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s (run `make build`): %w", binary, err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	return d, nil
}

// PID is the daemon's process id.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Ready waits until the daemon at addr says that it is ready.
func (d *Daemon) Ready(ctx context.Context, addr string) error {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for {
		res, err := client.Get("http://" + addr + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-d.done:
			return fmt.Errorf("the daemon ended before it was ready: %w", errors.Join(d.err, err))
		case <-ctx.Done():
			return fmt.Errorf("waiting for the daemon: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// Stop ends the daemon as Ctrl-C does, and by force after ten seconds.
func (d *Daemon) Stop() error {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(10 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.done
	}
	if d.err != nil {
		return fmt.Errorf("the daemon did not end well: %w", d.err)
	}
	return nil
}
