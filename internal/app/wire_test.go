package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rubato/agent"
	"rubato/configs"
	"rubato/env"
	"rubato/env/spark"
	"rubato/internal/broker"
	"rubato/internal/transport"
	"rubato/replay"
)

// patience bounds every wait for something that has to come: an update takes its
// time under the race detector on a busy machine.
const patience = 3 * time.Minute

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("it never came: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// logs keeps what a tuner logs.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) say(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.b.Bytes(), []byte(text))
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// bench is a broker, and the folder and configuration of a tuner on it.
type bench struct {
	t      *testing.T
	addr   string
	dir    string
	config string
	logs   *logs

	mu    sync.Mutex
	steps []replay.Step
}

func embedded(t *testing.T, o broker.Options) *broker.Broker {
	t.Helper()
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// newBench configures one group with the given lines, in YAML's flow style.
func newBench(t *testing.T, addr, group string) *bench {
	t.Helper()
	b := &bench{t: t, addr: addr, dir: t.TempDir(), logs: &logs{}}
	b.config = filepath.Join(b.dir, "rubato.yaml")
	b.configure(group)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(b.logs.String())
		}
	})
	return b
}

func (b *bench) configure(group string) {
	b.t.Helper()
	text := fmt.Sprintf(`
kafka: {brokers: ["%s"]}
http: {listen: "127.0.0.1:0"}
store: {checkpoints: %s, journal: %s, journal_max: 256MiB, keep: 50, every: 1s}
decision: {period: 50ms, lease: 2s}
groups: [{name: all, match: ["*"], %s}]
`, b.addr, b.checkpoints(), b.journal(), group)
	next := b.config + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Rename(next, b.config); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) checkpoints() string { return filepath.Join(b.dir, "checkpoints.db") }
func (b *bench) journal() string     { return filepath.Join(b.dir, "journal.db") }

// lastRecord is the sequence that the journal ends in.
func (b *bench) lastRecord() uint64 {
	b.t.Helper()
	j, err := replay.Open(b.journal(), replay.Options{ReadOnly: true})
	if err != nil {
		b.t.Fatal(err)
	}
	last := j.Last()
	if err := j.Close(); err != nil {
		b.t.Fatal(err)
	}
	return last
}

// start starts a tuner in this process; Stop may be called before the end.
func (b *bench) start() *App {
	b.t.Helper()
	a, err := b.try()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(a.Stop)
	return a
}

func (b *bench) try() (*App, error) {
	cfg, err := configs.Load(b.config, Known())
	if err != nil {
		return nil, err
	}
	return Start(context.Background(), Options{
		Config: cfg, ConfigPath: b.config, Version: "test", Log: zerolog.New(b.logs),
		Step: func(s *replay.Step) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.steps = append(b.steps, *s)
		},
	})
}

func (b *bench) decided() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.steps)
}

// learner is the status of the only group's learner.
func learnerOf(a *App) (s agent.LearnerStatus) {
	a.call(func() {
		if l := a.core.loop.Status()[0].Learner; l != nil {
			s = *l
		}
	})
	return s
}

// verified replays what the stopped tuners left.
func (b *bench) verified() Verification {
	b.t.Helper()
	v, err := Verify(context.Background(), b.journal(), b.checkpoints(), nil)
	if err != nil || v.Difference != nil {
		b.t.Fatalf("%+v, %v", v, err)
	}
	return v
}

func ask(t *testing.T, a *App, method, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.HTTP()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// driver is a pretended agent that speaks through the broker.
type driver struct {
	*pretended
	t      *testing.T
	client transport.Client

	mu     sync.Mutex
	got    []spark.Decision
	obeyed int
}

func drive(t *testing.T, addr, key, run string) *driver {
	t.Helper()
	client, err := transport.NewKafka(transport.Options{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{pretended: pretend(t, key, run), t: t, client: client}
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() {
		if client.EnsureTopics(ctx, 1, "rubato.metrics", "rubato.decisions") != nil {
			return
		}
		client.Consume(ctx, transport.Subscription{Topic: "rubato.decisions", Earliest: true, Message: d.hear})
	})
	t.Cleanup(func() {
		cancel()
		listening.Wait()
		client.Close()
	})
	d.send(d.started(now()))
	return d
}

func now() env.Time { return env.Time(time.Now().UnixNano()) }

func (d *driver) hear(m transport.Message) {
	var decision spark.Decision
	if json.Unmarshal(m.Value, &decision) != nil || string(m.Key) != d.key || decision.Run != d.m.Run {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, decision)
}

// send sends messages in their order, however long the broker is away.
func (d *driver) send(values ...[]byte) {
	d.t.Helper()
	records := make([]transport.Record, len(values))
	for i, v := range values {
		records[i] = transport.Record{Key: []byte(d.key), Value: v}
	}
	eventually(d.t, "the broker takes a message", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, err := d.client.Produce(ctx, "rubato.metrics", 0, records)
		return err == nil
	})
}

// turns sends n whole triggers at once, of a batch of 20 rows each.
func (d *driver) turns(n int) {
	d.t.Helper()
	d.mu.Lock()
	for ; d.obeyed < len(d.got); d.obeyed++ {
		d.obey(&d.got[d.obeyed])
	}
	d.mu.Unlock()
	var out [][]byte
	for range n {
		out = append(out, d.begin(now()))
		out = append(out, d.end(now(), 20)...)
	}
	d.send(out...)
}

func (d *driver) heard() []spark.Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]spark.Decision(nil), d.got...)
}

// last is the newest decision heard; the zero value where there is none.
func (d *driver) last() (last spark.Decision) {
	if all := d.heard(); len(all) > 0 {
		last = all[len(all)-1]
	}
	return last
}

// commanded runs triggers until a command of a later epoch is heard.
func (d *driver) commanded(epoch uint64) spark.Decision {
	d.t.Helper()
	eventually(d.t, "a command", func() bool {
		d.turns(1)
		last := d.last()
		return last.Epoch > epoch && last.LeaseMs > 0
	})
	return d.last()
}
