package kraft_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"rubato/internal/kraft"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, ctx context.Context, o kraft.Options) *kraft.Broker {
	t.Helper()
	b, err := kraft.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestATopicSurvivesTheBrokersRestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	folder := t.TempDir()
	b := start(t, ctx, kraft.Options{Folder: folder})
	addr := b.Addr(kraft.Plaintext)
	conn := lead(t, ctx, addr)
	if _, err := conn.WriteMessages(kafka.Message{Value: []byte("kept")}); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Fatal("somebody listens after Close")
	}
	port := portOf(t, addr)
	b = start(t, ctx, kraft.Options{Folder: folder, Listeners: map[kraft.Protocol]int{kraft.Plaintext: port}})
	conn = lead(t, ctx, b.Addr(kraft.Plaintext))
	defer func() { _ = conn.Close() }()
	m, err := conn.ReadMessage(1 << 10)
	if err != nil || string(m.Value) != "kept" {
		t.Fatalf("read %q, %v", m.Value, err)
	}
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// lead connects to the leader of topic a, which is made by asking for it. A
// broker may lead by its metadata before it does by itself.
func lead(t *testing.T, ctx context.Context, addr string) *kafka.Conn {
	t.Helper()
	for {
		conn, err := kafka.DialLeader(ctx, "tcp", addr, "a", 0)
		if err == nil {
			if deadline, ok := ctx.Deadline(); ok {
				_ = conn.SetDeadline(deadline)
			}
			if _, _, err = conn.ReadOffsets(); err == nil {
				return conn
			}
			_ = conn.Close()
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestABrokerThatCannotStartSaysWhatItsLogSays(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	_, err := kraft.Start(ctx, kraft.Options{Folder: t.TempDir(), Users: map[string]string{"nobody": ""}})
	if err == nil || !strings.Contains(err.Error(), "Empty key") {
		t.Fatalf("got %v", err)
	}
}
