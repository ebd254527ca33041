package app

import (
	"context"
	"time"

	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/transport"
	"rubato/replay"
)

const (
	// flushEvery is how often the journal is written to disk.
	flushEvery = 100 * time.Millisecond
	// showEvery is how often the metrics are brought up to date.
	showEvery = time.Second
	// topicsEvery is how often topics that a broker refuses are tried to be made.
	topicsEvery = 5 * time.Second
	// releaseWithin bounds the wait for the last commands to be sent.
	releaseWithin = 500 * time.Millisecond
)

// loop takes inputs one by one until ctx ends; then it releases every query
// and checkpoints.
func (a *App) loop(ctx context.Context) {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	show := time.NewTicker(showEvery)
	defer show.Stop()
	save := time.NewTicker(a.config.Load().Store.Every)
	defer save.Stop()
	flushed := make(chan error, 1)
	flushing := false
	for {
		select {
		case <-ctx.Done():
			if flushing {
				a.noteFlush(<-flushed)
			}
			a.finish()
			return
		case in := <-a.inputs:
			a.take(in)
		case f := <-a.calls:
			f()
		case <-flush.C:
			if !flushing {
				flushing = true
				go func() { flushed <- a.journal.Flush() }()
			}
		case err := <-flushed:
			flushing = false
			a.noteFlush(err)
		case <-save.C:
			a.checkpoint()
		case err := <-a.saved:
			a.noteSaved(err)
		case <-show.C:
			a.show()
		}
	}
}

// take gives an input its time, journals it, and decides.
func (a *App) take(in env.Input) {
	a.took = time.Now()
	a.at = a.begunAt + env.Time(a.took.Sub(a.begun))
	in.At = a.at
	a.journal.AppendInput(&in)
	if in.Kind == env.InputMessage && a.opts.Message != nil {
		a.opts.Message(in.Key, in.Value)
	}
	if err := a.core.Take(&in); err != nil {
		a.tally.skipped(err)
		if in.Kind != env.InputMessage { // those are counted, and logged each minute
			a.log.Warn().Err(err).Msg("an input was skipped")
		}
	}
	if in.Kind == env.InputMessage {
		a.tally.consumed(in.Partition, in.Offset)
	}
}

// hooks are what the Core tells the App.
func (a *App) hooks() Hooks {
	return Hooks{
		Step:    a.step,
		Command: a.command,
		Late:    a.late,
	}
}

func (a *App) step(s *replay.Step) {
	a.metrics.Decided(time.Since(a.took))
	a.journal.AppendStep(s)
	a.tally.step(s)
	if a.opts.Step != nil {
		a.opts.Step(s)
	}
}

func (a *App) command(c spark.Command) {
	value, err := c.Decision.Encode()
	if err != nil {
		a.log.Error().Err(err).Str("query", string(c.Query)).Msg("a command was not sent")
		return
	}
	a.client.Publish(a.config.Load().Kafka.Prefix+decisionsTopic, []byte(c.Query), value)
	a.tally.command(c.Query)
}

// late puts an update off that is not ready, and journals that: decisions do
// not wait for learning.
func (a *App) late(group string, step uint64, ready bool) bool {
	if ready {
		return false
	}
	in := lateInput(a.at, group, step)
	a.journal.AppendInput(&in)
	return true
}

// finish releases every query and saves the state.
func (a *App) finish() {
	failed := a.client.Stats().Failed
	a.take(env.Input{Kind: env.InputStop})
	ctx, cancel := context.WithTimeout(context.Background(), releaseWithin)
	defer cancel()
	if err := a.client.Flush(ctx); err != nil || a.client.Stats().Failed > failed {
		a.log.Warn().Err(err).Msg("not every release was sent: those leases run out by themselves")
	} else {
		a.log.Info().Msg("every query is released")
	}
	if a.pending > 0 {
		a.noteSaved(<-a.saved)
	}
	a.checkpoint()
	if a.pending > 0 {
		a.noteSaved(<-a.saved)
	}
}

// consume feeds the metrics topic from the given positions on.
func (a *App) consume(ctx context.Context, prefix string, from transport.Positions) {
	for {
		err := a.client.EnsureTopics(ctx, 1, prefix+metricsTopic, prefix+decisionsTopic)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		a.log.Error().Err(err).Stringer("again_in", topicsEvery).Msg("the topics cannot be made")
		wait(ctx, topicsEvery)
	}
	a.client.Consume(ctx, transport.Subscription{
		Topic: prefix + metricsTopic, From: from, Earliest: true,
		Message: func(m transport.Message) {
			a.tally.fetched(m.Partition, m.End)
			a.feed(ctx, env.Input{
				Kind: env.InputMessage, Key: string(m.Key), Value: m.Value, Partition: m.Partition, Offset: m.Offset,
			})
		},
		Gap: func(g transport.Gap) {
			a.tally.moved(g.Partition, g.From, g.To)
			a.log.Warn().Int32("partition", g.Partition).Int64("from", g.From).Int64("to", g.To).
				Msg("metrics are missing")
		},
	})
}

func (a *App) feed(ctx context.Context, in env.Input) {
	select {
	case a.inputs <- in:
	case <-ctx.Done():
	}
}

// catchUp tells the Core when it has taken all messages that were there at the
// start.
func (a *App) catchUp(ctx context.Context, topic string) {
	var ends transport.Positions
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		got, err := a.client.EndOffsets(attempt, topic)
		cancel()
		if err == nil && len(got) > 0 {
			ends = got
			a.unread.Store(nil)
			break
		}
		if err != nil {
			a.unread.Store(&err)
		}
		wait(ctx, 50*time.Millisecond)
	}
	for ctx.Err() == nil {
		if a.tally.reached(ends) {
			a.feed(ctx, env.Input{Kind: env.InputCaughtUp})
			a.ready.Store(true)
			a.log.Info().Msg("ready")
			return
		}
		wait(ctx, 20*time.Millisecond)
	}
}

// beat feeds a tick each decision period, and before it the end offsets as
// they are at that moment; a broker that does not answer in time is left out.
func (a *App) beat(ctx context.Context) {
	period := a.config.Load().Decision.Period
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if wanted := a.wanted.Load(); wanted != nil && len(*wanted) > 0 {
			for _, s := range a.poller.Poll(ctx, period*3/4, *wanted) {
				a.sampled(ctx, &s)
			}
		}
		a.feed(ctx, env.Input{Kind: env.InputPeriod})
		if p := a.config.Load().Decision.Period; p != period {
			period = p
			ticks.Reset(p)
		}
	}
}

func (a *App) sampled(ctx context.Context, s *arrivals.Sample) {
	value, err := s.Encode()
	if err != nil {
		a.log.Error().Err(err).Msg("end offsets are left out")
		return
	}
	a.feed(ctx, env.Input{Kind: env.InputOffsets, Value: value})
}

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
