package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o Options) *Broker {
	t.Helper()
	b, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// client returns a Kafka client of b and a context that bounds the test.
func client(t *testing.T, b *Broker) (*kafka.Client, context.Context) {
	t.Helper()
	tr := &kafka.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return &kafka.Client{Addr: kafka.TCP(b.Addr()), Transport: tr}, ctx
}

func create(t *testing.T, ctx context.Context, c *kafka.Client, topic string, partitions int) {
	t.Helper()
	res, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: -1}},
	})
	if err == nil {
		err = res.Errors[topic]
	}
	if err != nil {
		t.Fatalf("create topic %s: %v", topic, err)
	}
}

func produce(t *testing.T, ctx context.Context, c *kafka.Client, topic string, partition, n int, value string) int64 {
	t.Helper()
	var rs []kafka.Record
	for i := range n {
		rs = append(rs, kafka.Record{Time: time.Now(), Key: kafka.NewBytes(fmt.Append(nil, i)), Value: kafka.NewBytes([]byte(value))})
	}
	res, err := c.Produce(ctx, &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(rs...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		t.Fatalf("produce: %v", err)
	}
	return res.BaseOffset
}

func bounds(t *testing.T, ctx context.Context, c *kafka.Client, topic string, partition int) (first, end int64) {
	t.Helper()
	res, err := c.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)}},
	})
	if err != nil {
		t.Fatalf("list offsets: %v", err)
	}
	p := res.Topics[topic][0]
	if p.Error != nil {
		t.Fatalf("list offsets: %v", p.Error)
	}
	return p.FirstOffset, p.LastOffset
}

func TestListensOnLoopbackOnly(t *testing.T) {
	b := start(t, Options{})
	host, _, err := net.SplitHostPort(b.Addr())
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Fatalf("listens on %s", b.Addr())
	}
}

func TestRestartKeepsTopicsMessagesAndOffsets(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "when", "absent")
	for round := range 3 {
		b := start(t, Options{Folder: folder})
		c, ctx := client(t, b)
		if round == 0 {
			create(t, ctx, c, "load", 2)
		}
		if base := produce(t, ctx, c, "load", 1, 10, "x"); base != int64(10*round) {
			t.Fatalf("round %d: first offset %d, want %d", round, base, 10*round)
		}
		if first, end := bounds(t, ctx, c, "load", 1); first != 0 || end != int64(10*round+10) {
			t.Fatalf("round %d: holds [%d,%d)", round, first, end)
		}
		if _, end := bounds(t, ctx, c, "load", 0); end != 0 {
			t.Fatalf("round %d: partition 0 ends at %d", round, end)
		}
		res, err := c.Fetch(ctx, &kafka.FetchRequest{Topic: "load", Partition: 1, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
		if err != nil || res.HighWatermark != int64(10*round+10) {
			t.Fatalf("round %d: fetch: %v, high watermark %d", round, err, res.HighWatermark)
		}
		if r, err := res.Records.ReadRecord(); err != nil || r.Offset != 0 {
			t.Fatalf("round %d: first record %+v, %v", round, r, err)
		}
		b.Close()
	}
}

func TestCloseMayBeCalledTwice(t *testing.T) {
	b := start(t, Options{Folder: t.TempDir()})
	b.Close()
	b.Close()
}

func TestTakenPortIsNamed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	port := ln.Addr().(*net.TCPAddr).Port
	_, err = Start(Options{Port: port})
	if !errors.Is(err, ErrPortTaken) || !strings.Contains(err.Error(), fmt.Sprint(port)) || !strings.Contains(err.Error(), "kafka.listen") {
		t.Fatalf("got %v", err)
	}
}

func TestSecondBrokerOnAFolderIsRefused(t *testing.T) {
	folder := t.TempDir()
	b := start(t, Options{Folder: folder})
	if _, err := Start(Options{Folder: folder}); !errors.Is(err, ErrFolderInUse) {
		t.Fatalf("got %v", err)
	}
	b.Close()
	start(t, Options{Folder: folder})
}

func TestDamagedFolderIsNamed(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "meta.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{Folder: folder}); err == nil || !strings.Contains(err.Error(), folder) {
		t.Fatalf("got %v", err)
	}
	if err := os.Remove(filepath.Join(folder, "meta.json")); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Folder: folder})
}

func TestTopicIsMadeWhenAskedFor(t *testing.T) {
	b := start(t, Options{})
	conn, err := kafka.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ps, err := conn.ReadPartitions("unheard-of")
	if err != nil || len(ps) != 1 {
		t.Fatalf("%d partitions, %v", len(ps), err)
	}
}

func TestPartitionIsHeldToItsSizeAndOffsetsSurvive(t *testing.T) {
	folder := t.TempDir()
	b := start(t, Options{Folder: folder})
	c, ctx := client(t, b)
	create(t, ctx, c, "metrics", 1)
	value := strings.Repeat("x", 900_000)
	var end int64
	for end*900_000 < 2*retentionBytes {
		end = produce(t, ctx, c, "metrics", 0, 1, value) + 1
	}
	b.cluster.ApplyRetention()
	first, gotEnd := bounds(t, ctx, c, "metrics", 0)
	if kept := (gotEnd - first) * 900_000; kept > retentionBytes || kept < retentionBytes/2 || gotEnd != end {
		t.Fatalf("keeps [%d,%d), %d bytes", first, gotEnd, kept)
	}
	if size := folderSize(t, folder); size > retentionBytes+2*segmentBytes {
		t.Fatalf("folder holds %d bytes", size)
	}
	b.Close()
	b = start(t, Options{Folder: folder})
	c, ctx = client(t, b)
	if f, e := bounds(t, ctx, c, "metrics", 0); f != first || e != end {
		t.Fatalf("after a restart [%d,%d), before [%d,%d)", f, e, first, end)
	}
}

func folderSize(t *testing.T, folder string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func BenchmarkStart(b *testing.B) {
	folder := b.TempDir()
	for b.Loop() {
		s, err := Start(Options{Folder: folder})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func TestKilledBrokerKeepsWhatItAcknowledged(t *testing.T) {
	folder, left := t.TempDir(), filepath.Join(t.TempDir(), "left")
	b := start(t, Options{Folder: folder})
	c, ctx := client(t, b)
	create(t, ctx, c, "load", 1)
	produce(t, ctx, c, "load", 0, 100, "x")
	// What a killed process leaves behind is what its folder holds now.
	if err := os.CopyFS(left, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	b = start(t, Options{Folder: left})
	c, ctx = client(t, b)
	if first, end := bounds(t, ctx, c, "load", 0); first != 0 || end != 100 {
		t.Fatalf("keeps [%d,%d), want [0,100)", first, end)
	}
}
