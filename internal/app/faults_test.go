package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"

	"rubato/checkpoints/boltfile"
	"rubato/configs"
	"rubato/env"
	"rubato/internal/broker"
	"rubato/internal/fulldisk"
	"rubato/internal/transport"
	"rubato/replay"
)

const rule = "mode: serve, policy: waiting-cost"

// roomy makes the metrics topic take messages beyond the limit.
func roomy(t *testing.T, addr string) {
	t.Helper()
	tr := &kafka.Transport{}
	defer tr.CloseIdleConnections()
	res, err := (&kafka.Client{Addr: kafka.TCP(addr), Transport: tr}).CreateTopics(t.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: "rubato.metrics", NumPartitions: 1, ReplicationFactor: -1,
			ConfigEntries: []kafka.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "4194304"}}}},
	})
	if err == nil {
		err = res.Errors["rubato.metrics"]
	}
	if err != nil {
		t.Fatal(err)
	}
}

// All leases, and what is stale, go by the tuner's time.
func TestTheTunersTimeGoesOnWhereTheLastProcessHadAClockThatWasAhead(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	a.call(func() { a.begunAt += 3600e9 })
	reached := func() (at env.Time) {
		a.call(func() { at = a.at })
		return at
	}
	eventually(t, "a tick with the clock ahead", func() bool { return reached() > now()+3000e9 })
	a.Stop()
	a = b.start()
	began := reached()
	if began < now()+3000e9 {
		t.Fatalf("%v after a process that was an hour ahead of %v: the time went back", began, now())
	}
	eventually(t, "a second of the tuner's time", func() bool { return reached() > began+1e9 })
	a.Stop()
}

func TestBadMessagesAreCountedAndChangeNothing(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	roomy(t, b.addr)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	whole := d.heartbeat(now())
	bad := [][]byte{
		[]byte("garbage"), {0xff, 0xfe, 0}, {}, []byte("null"), []byte("[]"), whole[:len(whole)/2],
		bytes.Replace(whole, []byte(`"seq":`), []byte(`"seq":"seven","was":`), 1),
		bytes.Replace(whole, []byte(`"v":1`), []byte(`"v":2`), 1),
		bytes.Replace(whole, []byte(`"monoNs":`), []byte(`"monoNs":1e300,"was":`), 1),
		[]byte(`{"v":1,"type":"progress","seq":9999999,"runId":"run-1","phase":"waiting","progress":[NaN]}`),
	}
	d.send(bad...)
	d.send(bytes.Repeat([]byte("x"), transport.MaxMessage)) // with its key beyond the limit
	for _, v := range bad {
		if _, err := d.client.Produce(t.Context(), "rubato.decisions", 0, []transport.Record{{Key: []byte(d.key), Value: v}}); err != nil {
			t.Fatal(err)
		}
	}
	counted := func() (skipped, oversized uint64) {
		a.call(func() {
			for _, n := range a.tally.reasons {
				skipped += n
			}
		})
		return skipped, a.client.Stats().OversizedIn
	}
	eventually(t, "all of them to have come", func() bool {
		skipped, oversized := counted()
		return skipped >= uint64(len(bad)) && oversized >= 1
	})
	seq := d.last().Seq
	eventually(t, "decisions after them", func() bool { d.turns(1); return d.last().Seq > seq })
	if skipped, oversized := counted(); skipped != uint64(len(bad)) || oversized != 1 {
		t.Fatalf("%d of %d were counted, %d for their size", skipped, len(bad), oversized)
	}
	a.Stop()
	b.verified()
}

// later starts a broker on a port that may just have been given back.
func later(t *testing.T, o broker.Options) (b *broker.Broker) {
	t.Helper()
	eventually(t, "the broker's port", func() bool {
		var err error
		if b, err = broker.Start(o); err != nil && !errors.Is(err, broker.ErrPortTaken) {
			t.Fatal(err)
		}
		return err == nil
	})
	t.Cleanup(b.Close)
	return b
}

func TestTunerRecoversByItselfFromABrokerThatIsAbsentOrGoes(t *testing.T) {
	first := embedded(t, broker.Options{})
	addr := first.Addr()
	first.Close()
	o := broker.Options{Folder: t.TempDir()}
	if _, err := fmt.Sscanf(addr, "127.0.0.1:%d", &o.Port); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, addr, rule)
	a := b.start()
	eventually(t, "word that the broker is out of reach", func() bool {
		code, body := ask(t, a, "GET", "/-/ready")
		if code != 503 {
			t.Fatalf("ready without a broker: %d %s", code, body)
		}
		return strings.Contains(body, "out of reach: "+addr)
	})
	up := later(t, o)
	d := drive(t, addr, "shop/orders", "run-1")
	d.commanded(0)
	for range 2 {
		up.Close()
		steps := b.decided()
		eventually(t, "decisions without a broker", func() bool { return b.decided() > steps })
		eventually(t, "word that no broker is left", func() bool { return errors.Is(a.Ready(), ErrAway) })
		up = later(t, o)
		eventually(t, "word that it is back", func() bool { return a.Ready() == nil })
		seq := d.last().Seq
		eventually(t, "a command once it is back", func() bool { d.turns(1); return d.last().Seq > seq })
	}
	a.Stop()
	b.verified()
}

func TestStopWithoutABrokerStillCheckpoints(t *testing.T) {
	up := embedded(t, broker.Options{})
	b := newBench(t, up.Addr(), rule)
	a := b.start()
	drive(t, b.addr, "shop/orders", "run-1").commanded(0)
	up.Close()
	a.Stop()
	b.verified()
	if !b.logs.say("not every release was sent") || b.logs.say("every query is released") {
		t.Fatal("it does not say that releases were not sent")
	}
}

func TestSecondTunerOnAStoreIsToldWhoHoldsIt(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	cmd, lines := childProcess(t, "run", b.config)
	if !lines.Scan() {
		t.Fatal("the first tuner did not come up")
	}
	_, err := b.try()
	if held := (*boltfile.HeldError)(nil); !errors.As(err, &held) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) {
		t.Fatalf("the second tuner says: %v", err)
	}
}

func TestDamagedStoresAreMovedAsideNamedAndBegunAnew(t *testing.T) {
	addr := embedded(t, broker.Options{}).Addr()
	flip := func(data []byte) []byte {
		for i := 4096; i < len(data); i += 512 {
			data[i] ^= 0x55
		}
		return data
	}
	for name, damage := range map[string]func([]byte) []byte{
		"truncated": func(data []byte) []byte { return data[:10_000] },
		"flipped":   flip,
		"emptied":   func(data []byte) []byte { clear(data); return data },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, addr, rule)
			a := b.start()
			d := drive(t, addr, "shop/"+name, "run-"+name)
			epoch := d.commanded(0).Epoch
			a.Stop()
			for _, path := range []string{b.checkpoints(), b.journal()} {
				data, err := os.ReadFile(path) //nolint:gosec // the test's own file
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a = b.start()
			d.commanded(epoch)
			a.Stop()
			for _, text := range []string{"the checkpoints were damaged", "the journal cannot be read", b.checkpoints(), b.journal()} {
				if !b.logs.say(text) {
					t.Errorf("the log does not say: %s", text)
				}
			}
			b.verified()
		})
	}
}

func TestAStoreOfTheOtherKindIsRefusedAndLeftAsItIs(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	b.start().Stop()
	swap := func() {
		t.Helper()
		if err := errors.Join(os.Rename(b.journal(), b.journal()+".x"), os.Rename(b.checkpoints(), b.journal()), os.Rename(b.journal()+".x", b.checkpoints())); err != nil {
			t.Fatal(err)
		}
	}
	swap()
	if _, err := b.try(); !errors.Is(err, boltfile.ErrForeign) || !strings.Contains(err.Error(), "store.checkpoints: ") {
		t.Fatalf("got %v", err)
	}
	swap()
	b.start().Stop()
	if b.verified(); !b.logs.say("resumed from a checkpoint") {
		t.Fatal("it did not go on from its stores")
	}
}

func TestFullDiskDoesNotStopDecisions(t *testing.T) {
	if !fulldisk.Alone(t) {
		return
	}
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	restore := fulldisk.Limit(t, 1)
	eventually(t, "its complaint", func() bool { d.turns(1); return b.logs.say("the journal cannot be written") })
	seq := d.last().Seq
	eventually(t, "a command on the full disk", func() bool { d.turns(1); return d.last().Seq > seq })
	restore()
	eventually(t, "the journal is written again", func() bool { d.turns(1); return b.logs.say("the journal is written again") })
	a.Stop()
	if v := b.verified(); v.Verified != b.decided() {
		t.Fatalf("%d steps were decided, found again: %+v", b.decided(), v)
	}
}

func TestStartThatFailsLeavesNothingBehind(t *testing.T) {
	b := newBench(t, "127.0.0.1:1", "mode: serve, artefact: "+noPolicy)
	if a, err := b.try(); err == nil {
		a.Stop()
		t.Fatal("it started without its policy")
	} else if !strings.Contains(err.Error(), noPolicy) {
		t.Fatalf("the error does not name the file: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	b.configure(rule)
	if a, err := Start(ctx, Options{Config: parsed(t, "http: {listen: '127.0.0.1:0'}\nkafka: {listen: '127.0.0.1:0', data: "+t.TempDir()+
		"}\nstore: {checkpoints: "+b.checkpoints()+", journal: "+b.journal()+"}\ngroups: [{name: all, match: ['*'], "+rule+"}]")}); err == nil {
		a.Stop()
		t.Fatal("it started although it was told to stop")
	}
	b.start() // nothing holds the stores any more
}

func TestAStartThatIsToldToStopReplaysNothingAndLeavesTheStoresAsTheyWere(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	b.start().Stop()
	before, hashes := b.lastRecord(), stateHashes(t, b.checkpoints())
	cfg, err := configs.Load(b.config, Known())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Config: cfg, Log: zerolog.New(b.logs)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if after := b.lastRecord(); after != before || !slices.Equal(stateHashes(t, b.checkpoints()), hashes) {
		t.Errorf("the journal ended in record %d, and now in %d", before, after)
	}
	if b.logs.say("is damaged") {
		t.Error("it calls the journal damaged")
	}

	path, _ := record(t, 5)
	j, err := replay.Open(path, replay.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	core := NewCore(Hooks{})
	defer core.Close()
	if err := (&tail{}).play(ctx, j, 0, core); err != nil || core.s.At != 0 {
		t.Errorf("it replayed to %v: %v", core.s.At, err)
	}
}

// noPolicy is no file.
const noPolicy = "nowhere.policy"
