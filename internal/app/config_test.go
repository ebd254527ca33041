package app

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"rubato/configs"
	"rubato/env/spark"
	"rubato/internal/broker"
	"rubato/internal/web"
)

// stepped is the newest step.
func (b *bench) stepped() (minMs, batchPrice float64, mode string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.steps) == 0 {
		return 0, 0, ""
	}
	s := &b.steps[len(b.steps)-1]
	return s.Observation.Shorter * 1e3, s.Observation.Weights.Batch, s.Mode
}

func TestNewConfigurationHoldsFromTheNextTick(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule+", weights: {latency: 1, batch: 7}")
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	if _, price, mode := b.stepped(); price != 7 || mode != "serve" {
		t.Fatalf("price %v, mode %s", price, mode)
	}
	// By the watched file.
	b.configure(rule + ", weights: {latency: 1, batch: 9}, bounds: {min: 3s, max: 6s}")
	eventually(t, "the new price and bounds", func() bool {
		d.turns(1)
		shorter, price, _ := b.stepped()
		return price == 9 && shorter >= 3000 && d.last().IntervalMs >= 3000
	})
	// By a request; where the watcher is faster, it answers the same.
	b.configure("mode: observe, policy: waiting-cost")
	if code, body := ask(t, a, "POST", "/-/reload"); code != 200 {
		t.Fatal(code, body)
	}
	eventually(t, "the release of what is only observed", func() bool { return d.last().Action == spark.ActionRelease })
	seq, steps := d.last().Seq, b.decided()
	eventually(t, "decisions that are only observed", func() bool { d.turns(1); return b.decided() > steps+20 })
	if _, _, mode := b.stepped(); mode != "observe" || d.last().Seq != seq {
		t.Fatalf("mode %s, and %+v", mode, d.last())
	}
	b.configure(rule)
	eventually(t, "a command once it serves again", func() bool { d.turns(1); return d.last().LeaseMs > 0 })
	a.Stop()
	b.verified()
}

func TestWrongConfigurationChangesNothingAndIsReported(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	hash := a.config.Load().Hash()
	for name, text := range map[string]string{
		"broken":  "groups: [",
		"unknown": "grops: []\nseeed: 1\n",
		"policy":  "groups: [{name: all, match: ['*'], mode: serve, artefact: " + noPolicy + "}]",
	} {
		if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, body := ask(t, a, "POST", "/-/reload")
		if code != 400 {
			t.Errorf("%s: %d %s", name, code, body)
		}
		if name == "unknown" && (!strings.Contains(body, "grops") || !strings.Contains(body, "seeed")) {
			t.Errorf("not every mistake is named: %s", body)
		}
	}
	seq := d.last().Seq
	eventually(t, "a command under the old configuration", func() bool { d.turns(1); return d.last().Seq > seq })
	if a.config.Load().Hash() != hash || a.loaded.Load().ReloadOK {
		t.Fatal("the wrong configuration was taken, or is not reported")
	}
	if !b.logs.say("the old one stays") {
		t.Fatal("it is not logged")
	}
}

func TestWhatIsAskedOfATunerThatStopsIsNotCalledWrong(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	a.Stop()
	for what, err := range map[string]error{"hold": a.Hold("shop/orders"), "release": a.Release("shop/orders"), "reload": a.Reload()} {
		if !errors.Is(err, web.ErrStopping) || errors.Is(err, web.ErrUnknownQuery) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if b.logs.say("is wrong") {
		t.Error("it calls the configuration wrong")
	}
}

func TestServedPolicyMayMoveOnceItIsInForce(t *testing.T) {
	path := artefact(t)
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: serve, artefact: "+path)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	epoch := d.commanded(0).Epoch
	a.Stop()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b.verified() // what was decided is found again without the file
	b.configure("mode: serve, artefact: " + artefact(t))
	b.start()
	d.commanded(epoch)
}

func TestAGroupThatBeginsToLearnStartsFromTheShippedPolicy(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	b.configure("mode: learn")
	eventually(t, "decisions of the shipped policy", func() bool { d.turns(1); _, _, mode := b.stepped(); return mode == "learn" })
	a.Stop()
	b.verified()
}

func TestWhatIsOddInANewConfigurationIsTold(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	t.Setenv("RUBATO_NONESUCH", "x")
	b.configure(rule + ", target: 2s")
	if err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	if !b.logs.say("RUBATO_NONESUCH sets nothing that is known") {
		t.Error("it is not told")
	}
}

func TestAnEmptyFileIsNotPutInForce(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	before := a.config.Load()
	for _, text := range []string{"", "# all is gone\n", "{}\n"} {
		if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.Reload(); err == nil || !strings.Contains(err.Error(), "sets nothing") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if a.config.Load() != before {
		t.Error("another configuration is in force")
	}
}

func TestAGroupThatIsGoneIsNamedAndKeepsItsLearner(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: learn")
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "groups:")
	for _, config := range []string{head, string(text)} {
		if err := errors.Join(os.WriteFile(b.config, []byte(config), 0o600), a.Reload()); err != nil {
			t.Fatal(err)
		}
		d.turns(5)
	}
	if !b.logs.say("a group that has learnt is gone") {
		t.Error("it is not said that the group is gone")
	}
	d.turns(5)
	a.Stop()
	b.verified()
}

func TestAQueryWhoseBoundsCrossIsLeftAlone(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	b.configure(rule + ", bounds: {min: 5s, max: 1x}")
	if err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the release", func() bool { d.turns(1); return d.last().Action == spark.ActionRelease })
	if q := a.Snapshots()[0]; q.State != "unmanaged" || q.Why != "its bounds cross: min 5s, max 1x" {
		t.Errorf("%s (%s)", q.State, q.Why)
	}
	eventually(t, "word of it", func() bool { return b.logs.say(`"why":"its bounds cross: min 5s, max 1x"`) })
	a.Stop()
	b.verified()
}

func TestAFieldThatWantsARestartStaysInForceAsItWas(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	before := a.config.Load()
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("every: 1s", "every: 2s", "http: {listen: \"127.0.0.1:0\"}", "http: {listen: \"127.0.0.1:1\"}").Replace(string(text))
	if err := errors.Join(os.WriteFile(b.config, []byte(changed+"log: {level: debug}\nseed: 2\n"), 0o600), a.Reload()); err != nil {
		t.Fatal(err)
	}
	if !b.logs.say(`"fields":["http.listen","store.every","log.level","seed"]`) {
		t.Error("it is not told what waits for the next start")
	}
	if fields := configs.RestartNeeded(before, a.config.Load()); len(fields) > 0 {
		t.Errorf("%v changed, and would be told again when changed back", fields)
	}
}

func TestAFileThatIsLoadedAloneIsReloadedAlone(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	t.Setenv("RUBATO_LOG_LEVEL", "loud")
	if _, err := configs.Load(b.config, Known()); err == nil || !strings.Contains(err.Error(), "RUBATO_LOG_LEVEL") {
		t.Fatalf("with the environment: %v", err)
	}
	cfg, err := configs.LoadFile(b.config, Known())
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(t.Context(), Options{Config: cfg, ConfigPath: b.config, FileAlone: true, Log: zerolog.New(b.logs)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop()
	if err := a.Reload(); err != nil {
		t.Fatal(err)
	}
}
