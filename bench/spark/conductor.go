package spark

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/forecast"
	wire "rubato/env/spark"
	"rubato/internal/transport"
	"rubato/policy/rules"
)

const (
	// period is the time between ticks inside a wait, as the tuner has it.
	period = env.DefaultPeriod
	// lease is how long a rule's command holds; it is renewed half way.
	lease = 10 * time.Second
	// The intervals that may be commanded, by rules and by the policy: the ends
	// of the fixed grid.
	shortest, longest = 100 * time.Millisecond, 30 * time.Second
	// grace is the time to work off what is not yet a debt, as the tuner has it.
	grace = 10 * time.Second
)

// conductor is a rule at work: it sees what the tuner would see, tick by tick,
// and commands the interval that the rule names outright.
type conductor struct {
	entry  rules.Entry
	ladder env.Ladder
	client transport.Client
	prefix string
	tell   func(key string, value []byte)

	// Of the goroutine of loop.
	env    *wire.Environment
	rivals map[env.QueryKey]rules.Rival
	last   map[env.QueryKey]command
	seq    uint64
	at     env.Time

	inputs chan env.Input
	poller *arrivals.Poller
	wanted atomic.Pointer[[]arrivals.Wanted]
	acts   atomic.Bool
	cancel context.CancelFunc
	feeds  sync.WaitGroup
}

// command is what a query was last commanded.
type command struct {
	run      env.RunID
	interval int64 // ms
	at       env.Time
}

// newConductor starts a rule.
func newConductor(r *run, e rules.Entry) (*conductor, error) {
	ladder, err := env.NewLadder(shortest, longest)
	if err != nil {
		return nil, err
	}
	c := &conductor{
		entry: e, ladder: ladder, client: r.broker.client, prefix: r.prefix, tell: r.message,
		env:    wire.New(wire.EnvironmentOptions{Forecaster: func() env.Forecaster { return forecast.New() }, Brokers: []string{r.broker.addr}}),
		rivals: map[env.QueryKey]rules.Rival{}, last: map[env.QueryKey]command{},
		inputs: make(chan env.Input, 256), poller: arrivals.New(arrivals.Options{Log: zerolog.Nop()}),
	}
	settings := env.Settings{Weights: r.weights, Ladder: ladder, Grace: grace, Period: period}
	c.env.Configure(func(env.QueryKey, time.Duration) (wire.Resolved, bool) {
		return wire.Resolved{Settings: settings}, true
	})
	if err := c.env.Take(env.Input{Kind: env.InputCaughtUp}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.feeds.Go(func() { c.consume(ctx) })
	c.feeds.Go(func() { c.beat(ctx) })
	c.feeds.Go(func() { c.loop(ctx) })
	return c, nil
}

// Take implements controller.
func (c *conductor) Take() error {
	c.acts.Store(true)
	return nil
}

// Close implements controller. The last command's lease runs out by itself.
func (c *conductor) Close() {
	c.cancel()
	c.feeds.Wait()
	c.poller.Close()
}

func (c *conductor) consume(ctx context.Context) {
	c.client.Consume(ctx, transport.Subscription{
		Topic: c.prefix + ".metrics", Earliest: true,
		Message: func(m transport.Message) {
			c.feed(ctx, env.Input{Kind: env.InputMessage, Key: string(m.Key), Value: m.Value, Partition: m.Partition, Offset: m.Offset})
		},
	})
}

// beat feeds a tick each period, and the end offsets before it.
func (c *conductor) beat(ctx context.Context) {
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if wanted := c.wanted.Load(); wanted != nil {
			for _, s := range c.poller.Poll(ctx, period*3/4, *wanted) {
				if value, err := s.Encode(); err == nil {
					c.feed(ctx, env.Input{Kind: env.InputOffsets, Value: value})
				}
			}
		}
		c.feed(ctx, env.Input{Kind: env.InputPeriod})
	}
}

func (c *conductor) feed(ctx context.Context, in env.Input) {
	select {
	case c.inputs <- in:
	case <-ctx.Done():
	}
}

func (c *conductor) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case in := <-c.inputs:
			c.take(in)
		}
	}
}

// take takes in an input, and lets the rule decide on each tick that is due.
// What the environment refuses, it has counted, and the tuner skips it too.
func (c *conductor) take(in env.Input) {
	c.at = max(c.at, env.Time(time.Now().UnixNano()))
	in.At = c.at
	if in.Kind == env.InputMessage {
		c.tell(in.Key, in.Value)
	}
	_ = c.env.Take(in)
	for {
		t, ok := c.env.Next()
		if !ok {
			break
		}
		c.decide(&t)
	}
	if in.Kind == env.InputPeriod {
		wanted := c.env.Wanted()
		c.wanted.Store(&wanted)
	}
}

func (c *conductor) decide(t *env.Tick) {
	rival := c.rivals[t.Query]
	if rival == nil {
		rival = c.entry.New()
		c.rivals[t.Query] = rival
	}
	interval := rules.Outright(rival.Decide(t), c.ladder)
	if c.acts.Load() && !t.Stale {
		c.command(t, interval.Milliseconds())
	}
}

// command sends an interval that changes, and renews the lease of one that
// does not.
func (c *conductor) command(t *env.Tick, interval int64) {
	last := c.last[t.Query]
	if last.run == t.Run && last.interval == interval && c.at.Sub(last.at) < lease.Seconds()/2 {
		return
	}
	c.last[t.Query] = command{t.Run, interval, c.at}
	c.seq++
	d := wire.Decision{
		V: wire.Version, Epoch: 1, Seq: c.seq, Run: t.Run, IntervalMs: interval, Action: env.Keep.String(),
		LeaseMs: lease.Milliseconds(), Policy: c.entry.Name, Mode: "serve",
	}
	if t.Cause != 0 {
		d.CauseSeq = &t.Cause
	}
	value, err := d.Encode()
	if err != nil {
		panic(fmt.Errorf("a decision of numbers and strings: %w", err))
	}
	c.client.Publish(c.prefix+".decisions", []byte(t.Query), value)
}
