package kraft

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rubato/internal/jvm"
)

// Protocol is how clients speak to a listener, under Kafka's name for it.
type Protocol string

// The protocols of Kafka's listeners.
const (
	Plaintext     Protocol = "PLAINTEXT"
	SSL           Protocol = "SSL"
	SASLPlaintext Protocol = "SASL_PLAINTEXT"
	SASLSSL       Protocol = "SASL_SSL"
)

func (p Protocol) sasl() bool { return strings.HasPrefix(string(p), "SASL") }
func (p Protocol) tls() bool  { return strings.HasSuffix(string(p), "SSL") }

// Options of a broker.
type Options struct {
	// Folder holds the broker's configuration, log and data. It is made when it
	// does not exist, and is the caller's to remove.
	Folder string
	// Listeners and their ports, 0 for a free one. PLAINTEXT is always there:
	// the broker speaks to itself by it.
	Listeners map[Protocol]int
	// Users of the SASL listeners and their passwords.
	Users map[string]string
	// KeyPEM (PKCS #8) and CertPEM (the chain) are what the TLS listeners show.
	KeyPEM, CertPEM []byte
	// ClientCAPEM signs the certificates that clients must show on SSL; empty
	// asks for none.
	ClientCAPEM []byte
}

// Broker is a running broker.
type Broker struct {
	addrs map[Protocol]string
	log   string
	cmd   *exec.Cmd
	done  chan struct{}
}

const (
	// clusterID is any UUID as Kafka writes them; a folder formatted before
	// must find its own again.
	clusterID = "cnViYXRvLXJlYWwta3JhZg"
	// stopGrace is how long the broker may take to end by itself.
	stopGrace = 20 * time.Second
	// tailLines is how much of the log an error shows.
	tailLines = 15
)

// Start starts a broker and waits until it takes connections.
func Start(ctx context.Context, o Options) (*Broker, error) {
	b, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("starting a Kafka broker in %s: %w", o.Folder, err)
	}
	return b, nil
}

func start(ctx context.Context, o Options) (*Broker, error) {
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("finding its folder: %w", err)
	}
	o.Folder = folder
	launch, err := newLauncher(o)
	if err != nil {
		return nil, err
	}
	properties, addrs, err := configure(o)
	if err != nil {
		return nil, err
	}
	if err := launch.format(ctx, properties, o.Users); err != nil {
		return nil, err
	}
	b := &Broker{addrs: addrs, log: launch.log, done: make(chan struct{})}
	// The broker outlives ctx, which bounds its start alone.
	if b.cmd, err = launch.java(context.WithoutCancel(ctx), "kafka.Kafka", properties); err != nil {
		return nil, err
	}
	go func() {
		_ = b.cmd.Wait() // a broker that is asked to end says 143
		close(b.done)
	}()
	if err := b.ready(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// ready waits until every listener takes connections.
func (b *Broker) ready(ctx context.Context) error {
	var d net.Dialer
	for _, addr := range b.addrs {
		for {
			conn, err := d.DialContext(ctx, "tcp", addr)
			if err == nil {
				_ = conn.Close()
				break
			}
			select {
			case <-b.done:
				return fmt.Errorf("it ended while it started; the end of %s:\n%s", b.log, jvm.Tail(b.log, tailLines))
			case <-ctx.Done():
				return fmt.Errorf("waiting for its listener %s: %w", addr, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// Addr is where the broker's listener of a protocol is, host:port; empty where
// it has none.
func (b *Broker) Addr(p Protocol) string { return b.addrs[p] }

// Done is closed when the broker has ended.
func (b *Broker) Done() <-chan struct{} { return b.done }

// Close ends the broker, by force where it does not end in time, and returns
// when its process is gone. It may be called more than once.
func (b *Broker) Close() error {
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-b.done:
		return nil
	case <-time.After(stopGrace):
		_ = b.cmd.Process.Kill()
		<-b.done
		return fmt.Errorf("stopping the Kafka broker: killed after %v; its log is %s", stopGrace, b.log)
	}
}

// launcher starts JVMs with the broker's class path.
type launcher struct{ command, classPath, folder, log string }

func newLauncher(o Options) (*launcher, error) {
	java, err := jvm.Java()
	if err != nil {
		return nil, err
	}
	file, err := findClassPath()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading its class path: %w", err)
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("making its folder: %w", err)
	}
	return &launcher{java, strings.TrimSpace(string(text)), o.Folder, filepath.Join(o.Folder, "broker.log")}, nil
}

// java starts a JVM whose output goes to the broker's log; ctx ends it.
func (l *launcher) java(ctx context.Context, class string, args ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening its log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child keeps its own descriptor
	args = append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-cp", l.classPath, class}, args...)
	cmd := exec.CommandContext(ctx, l.command, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = l.folder, log, log, jvm.ChildAttributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", class, err)
	}
	return cmd, nil
}

// format makes the folder a broker's, unless it is one already.
func (l *launcher) format(ctx context.Context, properties string, users map[string]string) error {
	if _, err := os.Stat(filepath.Join(l.folder, "data", "meta.properties")); err == nil {
		return nil
	}
	args := []string{"format", "--cluster-id", clusterID, "--config", properties}
	for name, password := range users {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, name, password))
		}
	}
	cmd, err := l.java(ctx, "kafka.tools.StorageTool", args...)
	if err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("formatting its folder: %w; the end of %s:\n%s", err, l.log, jvm.Tail(l.log, tailLines))
	}
	return nil
}

// findClassPath looks for kafka.classpath beside the running binary, and in
// the bin folder of the module that the working directory is in.
func findClassPath() (string, error) {
	const name = "kafka.classpath"
	if exe, err := os.Executable(); err == nil {
		if path := filepath.Join(filepath.Dir(exe), name); exists(path) {
			return path, nil
		}
	}
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, "bin", name); exists(filepath.Join(dir, "go.mod")) && exists(path) {
			return path, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return "", errors.New("its class path is not resolved: run `make bin/" + name + "`")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// freePort returns a port of the loopback interface that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
