package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"rubato/checkpoints"
	"rubato/configs"
	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/broker"
	"rubato/internal/telemetry"
	"rubato/internal/transport"
	"rubato/internal/web"
	"rubato/replay"
)

// Topics under a prefix.
const (
	metricsTopic   = ".metrics"
	decisionsTopic = ".decisions"
)

// Options of an App.
type Options struct {
	// Config is the configuration to start with; ConfigPath, if not empty, is
	// watched and reloaded.
	Config     *configs.Config
	ConfigPath string
	// FileAlone leaves the environment out when the file is reloaded, as it was
	// when Config was loaded (configs.LoadFile).
	FileAlone bool
	Version   string
	Log       zerolog.Logger
	// Message is told of each message of the metrics topic, Step of each
	// decision, from the goroutine that takes them: they must be quick. Nil
	// for no one.
	Message func(key string, value []byte)
	Step    func(*replay.Step)
}

// App is a running tuner.
type App struct {
	opts    Options
	log     zerolog.Logger
	metrics *telemetry.Metrics

	broker   *broker.Broker // nil where brokers are configured
	client   transport.Client
	store    *checkpoints.Store
	journal  *replay.Journal
	web      *web.Server
	poller   *arrivals.Poller
	security transport.Security
	watcher  *configs.Watcher

	// Of the goroutine of loop.
	core *Core
	at   env.Time
	took time.Time // when the input in course was taken
	// Time goes on from begunAt, the start, by the monotonic clock: one that is set
	// back must not stop it.
	begun   time.Time
	begunAt env.Time
	tally   tally
	told    map[env.QueryKey]told
	pending int // checkpoints under way

	inputs chan env.Input
	calls  chan func()
	saved  chan error

	wanted  atomic.Pointer[[]arrivals.Wanted]
	epoch   uint64
	ready   atomic.Bool
	unread  atomic.Pointer[error] // why the metrics topic was not found yet
	config  atomic.Pointer[configs.Config]
	loading sync.Mutex
	loaded  atomic.Pointer[telemetry.Config]

	cancel context.CancelFunc
	feeds  sync.WaitGroup
	done   chan struct{}
	stop   sync.Once
}

// ErrAway says that the tuner goes on without a broker.
var ErrAway = errors.New("no broker can be reached")

// ErrNotReady says why the tuner makes no decisions yet.
var ErrNotReady = errors.New("catching up with the metrics topic")

// Start starts a tuner and returns once it takes inputs. ctx bounds the start
// alone; Stop ends the tuner.
func Start(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{
		opts: o, log: o.Log, metrics: telemetry.New(o.Version),
		inputs: make(chan env.Input, 256), calls: make(chan func()),
		saved: make(chan error, 1), done: make(chan struct{}), told: map[env.QueryKey]told{},
	}
	a.tally.reset()
	defer func() {
		if err != nil {
			a.free()
		}
	}()
	cfg := *o.Config
	// The stores first: a second tuner on them is told who holds them.
	if err := a.openStores(&cfg); err != nil {
		return nil, err
	}
	if err := a.openWire(&cfg); err != nil {
		return nil, err
	}
	a.config.Store(&cfg)
	a.noteConfig(&cfg, true)
	if err := a.resume(ctx, &cfg); err != nil {
		return nil, err
	}
	a.poller = arrivals.New(arrivals.Options{
		Log: a.log, TLS: a.security.TLS, SASL: a.security.SASL, Secured: a.configured,
	})
	if a.web, err = web.Start(web.Options{
		Addr: cfg.HTTP.Listen, App: a, Metrics: a.metrics.Handler(), Version: o.Version, Log: a.log,
	}); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting the tuner: %w", err)
	}
	if err := a.watch(); err != nil {
		return nil, err
	}
	a.run(&cfg)
	a.log.Info().Str("http", a.web.Addr()).Strs("brokers", cfg.Kafka.Brokers).
		Str("prefix", cfg.Kafka.Prefix).Uint64("epoch", a.epoch).Msg("tuner is up")
	return a, nil
}

// openWire starts the embedded broker where none is configured, and the client.
func (a *App) openWire(cfg *configs.Config) (err error) {
	if len(cfg.Kafka.Brokers) == 0 {
		port, err := cfg.Kafka.ListenPort()
		if err != nil {
			return err
		}
		if a.broker, err = broker.Start(broker.Options{Port: port, Folder: cfg.Kafka.Data, Log: a.log}); err != nil {
			return err
		}
		cfg.Kafka.Brokers = []string{a.broker.Addr()}
		a.log.Info().Str("address", a.broker.Addr()).Str("data", cfg.Kafka.Data).
			Msg("no brokers are configured: started the embedded one")
	}
	if a.security, err = security(cfg); err != nil {
		return err
	}
	keys, err := keyring(cfg, a.log)
	if err != nil {
		return err
	}
	client, err := transport.NewKafka(transport.Options{Brokers: cfg.Kafka.Brokers, Security: a.security, Keys: keys, Log: a.log})
	if err != nil {
		return err
	}
	a.client = client
	return nil
}

// run starts the goroutines; Stop ends them.
func (a *App) run(cfg *configs.Config) {
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	positions := transport.Positions{}
	for p, o := range a.core.Positions() {
		positions[p] = o
	}
	a.feeds.Go(func() { a.consume(ctx, cfg.Kafka.Prefix, positions) })
	a.feeds.Go(func() { a.catchUp(ctx, cfg.Kafka.Prefix+metricsTopic) })
	a.feeds.Go(func() { a.beat(ctx) })
	a.feeds.Go(func() { a.reloadOnChange(ctx) })
	go func() {
		defer close(a.done)
		a.loop(ctx)
	}()
}

// Stop releases every query, checkpoints, and ends the tuner. It may be called
// more than once.
func (a *App) Stop() {
	a.stop.Do(func() {
		a.ready.Store(false)
		a.cancel()
		<-a.done
		a.feeds.Wait()
		a.free()
	})
}

// free closes what was opened, in the reverse order.
func (a *App) free() {
	if a.web != nil {
		a.web.Close()
	}
	if a.watcher != nil {
		a.closed("watcher", a.watcher.Close())
	}
	if a.poller != nil {
		a.poller.Close()
	}
	if a.core != nil {
		a.core.Close()
	}
	if a.client != nil {
		a.client.Close()
	}
	if a.broker != nil {
		a.broker.Close()
	}
	if a.journal != nil {
		a.closed("journal", a.journal.Close())
	}
	if a.store != nil {
		a.closed("checkpoints", a.store.Close())
	}
}

func (a *App) closed(what string, err error) {
	if err != nil {
		a.log.Error().Err(err).Str("what", what).Msg("closing failed")
	}
}

// HTTP is where the HTTP interface listens, host:port.
func (a *App) HTTP() string { return a.web.Addr() }

// Brokers are the brokers in use, the embedded one's address where none are
// configured.
func (a *App) Brokers() []string { return a.config.Load().Kafka.Brokers }

// Client is the tuner's own client of its brokers.
func (a *App) Client() transport.Client { return a.client }

// Ready returns nil when decisions are made, else why not.
func (a *App) Ready() error {
	if a.ready.Load() {
		if a.client.Stats().Away {
			return fmt.Errorf("%w: %s", ErrAway, strings.Join(a.Brokers(), ", "))
		}
		return nil
	}
	if err := a.unread.Load(); err != nil {
		return fmt.Errorf("out of reach: %s: %w", strings.Join(a.Brokers(), ", "), *err)
	}
	return ErrNotReady
}

// Query is a live query as an operator sees it.
type Query struct {
	spark.Snapshot
	// Group is the one that it belongs to, Mode that group's.
	Group string `json:"group"`
	Mode  string `json:"mode"`
	// Held tells that it is kept on its configured interval until it is released.
	Held bool `json:"held"`
}

// Queries are the live queries, for the HTTP interface.
func (a *App) Queries() any { return a.Snapshots() }

// Snapshots are the live queries, sorted by key.
func (a *App) Snapshots() []Query {
	out := []Query{}
	a.call(func() {
		cfg := a.core.cfg
		for _, s := range a.core.snapshot() {
			if s.State != spark.Gone {
				g := &cfg.Groups[cfg.Match(string(s.Query))]
				out = append(out, Query{Snapshot: s, Group: g.Name, Mode: g.Mode, Held: a.core.loop.Held(s.Query)})
			}
		}
	})
	return out
}

// Hold keeps a query on its configured interval until Release.
func (a *App) Hold(key string) error { return a.operate(env.InputHold, key) }

// Release ends a Hold.
func (a *App) Release(key string) error { return a.operate(env.InputRelease, key) }

func (a *App) operate(kind env.InputKind, key string) error {
	err := web.ErrStopping
	a.call(func() {
		if !a.core.env.Known(env.QueryKey(key)) {
			err = fmt.Errorf("%w: %q", web.ErrUnknownQuery, key)
			return
		}
		a.take(env.Input{Kind: kind, Key: key})
		err = nil
	})
	return err
}

// call runs f in the loop's goroutine, between two inputs. It does nothing
// once the tuner has stopped.
func (a *App) call(f func()) {
	finished := make(chan struct{})
	select {
	case a.calls <- func() { defer close(finished); f() }:
		<-finished
	case <-a.done:
	}
}
