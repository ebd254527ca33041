package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rubato/checkpoints"
	"rubato/configs"
	"rubato/env"
	"rubato/replay"
)

// openStores opens the checkpoints and the journal. Damaged files are moved
// aside and named.
func (a *App) openStores(cfg *configs.Config) error {
	store, recovery, err := checkpoints.OpenOrRecover(cfg.Store.Checkpoints, checkpoints.Options{Keep: cfg.Store.Keep})
	if err != nil {
		return fmt.Errorf("store.checkpoints: %w", err)
	}
	a.store = store
	if recovery != nil {
		a.log.Error().Err(recovery.Damage).Str("aside", recovery.Aside).Uints64("salvaged", recovery.Salvaged).
			Msg("the checkpoints were damaged: the file was moved aside and a new one begun")
	}
	return nil
}

// resume brings a Core to where the last process left off: the last good
// checkpoint, and the journal's tail behind it. Then it begins a new process. Where
// ctx ends meanwhile, the stores stay as they were.
func (a *App) resume(ctx context.Context, cfg *configs.Config) error {
	ckpt, damage, err := a.store.Load()
	for _, d := range damage {
		a.log.Error().Err(d).Msg("a checkpoint is damaged: an older one is used")
	}
	fresh := errors.Is(err, checkpoints.ErrNone)
	if err != nil && !fresh {
		return fmt.Errorf("store.checkpoints %s: %w", cfg.Store.Checkpoints, err)
	}
	if a.journal, err = a.openJournal(cfg, ckpt.JournalSeq); err != nil {
		return err
	}
	tail := &tail{}
	hooks := a.hooks()
	a.core = NewCore(tail.hooks())
	if !fresh {
		if err := a.core.Restore(ckpt.State); err != nil {
			return fmt.Errorf("checkpoint %d of %s: %w", ckpt.Seq, cfg.Store.Checkpoints, err)
		}
		a.log.Info().Uint64("checkpoint", ckpt.Seq).Uint64("steps", a.core.loop.Index()).Msg("resumed from a checkpoint")
	}
	err = tail.play(ctx, a.journal, ckpt.JournalSeq, a.core)
	if ctx.Err() != nil {
		return fmt.Errorf("replaying %s: %w", cfg.Store.Journal, ctx.Err())
	}
	if err != nil {
		a.log.Error().Err(err).Msg("the journal's tail is damaged: what it held is lost")
	}
	if tail.differs > 0 {
		a.log.Error().Int("steps", tail.differs).
			Msg("the journal's tail replayed to other decisions than were logged: was the version changed?")
	}
	for i := range tail.missing {
		a.journal.AppendStep(&tail.missing[i])
	}
	a.core.SetHooks(hooks)
	return a.begin(cfg, fresh)
}

func (a *App) openJournal(cfg *configs.Config, after uint64) (*replay.Journal, error) {
	j, aside, damage, err := replay.OpenOrRecover(cfg.Store.Journal, replay.Options{MaxBytes: int64(cfg.Store.JournalMax), After: after})
	if err != nil {
		return nil, fmt.Errorf("store.journal: %w", err)
	}
	if damage != nil {
		a.log.Error().Err(damage).Str("aside", aside).
			Msg("the journal cannot be read: the file was moved aside and a new one begun")
	}
	return j, nil
}

// begin takes the inputs with which every process starts: its epoch, and its
// configuration where that is new.
func (a *App) begin(cfg *configs.Config, fresh bool) error {
	a.begun = time.Now()
	a.begunAt = max(a.core.s.At, env.Time(a.begun.UnixNano()))
	a.tally.resume(a.core.Positions())
	value, err := configValue(cfg)
	if err != nil {
		return err
	}
	if fresh || a.core.s.Config != string(value) {
		if err := a.configure(value); err != nil {
			return err
		}
	}
	a.epoch = max(a.core.s.Epoch+1, uint64(time.Now().UnixMilli()))
	a.take(env.Input{Kind: env.InputStart, Value: startValue(a.epoch)})
	if fresh {
		a.checkpoint()
	}
	return a.journal.Flush()
}

// configure journals and takes a configuration; on an error the old one stays.
func (a *App) configure(value []byte) error {
	if err := a.core.Acceptable(value); err != nil {
		return err
	}
	a.take(env.Input{Kind: env.InputConfig, Value: value})
	return nil
}

// tail replays what the journal holds behind a checkpoint.
type tail struct {
	turn *turn
	next int // index into turn.steps
	// differs counts steps that are not as they were logged; missing are steps
	// that a crash kept from being logged.
	differs int
	missing []replay.Step
}

func (t *tail) hooks() Hooks {
	return Hooks{
		Step: t.step,
		Late: func(group string, step uint64, _ bool) bool {
			return t.turn != nil && t.turn.late[lateKey{group, step}]
		},
	}
}

func (t *tail) step(s *replay.Step) {
	if t.next < len(t.turn.steps) {
		if !sameStep(s, &t.turn.steps[t.next]) {
			t.differs++
		}
	} else {
		t.missing = append(t.missing, *s)
	}
	t.next++
}

// play takes the inputs behind a sequence again, until ctx ends.
func (t *tail) play(ctx context.Context, j *replay.Journal, after uint64, c *Core) error {
	err := eachTurn(j, after+1, func(turn *turn) error {
		if ctx.Err() != nil {
			return errStop
		}
		// Only the last turn can lack steps: those of a former one were lost
		// in the middle, and are not to be written out of their order.
		t.differs += len(t.missing)
		t.missing = t.missing[:0]
		t.turn, t.next = turn, 0
		_ = c.Take(&turn.input) // as when it was taken first
		return nil
	})
	return err
}
