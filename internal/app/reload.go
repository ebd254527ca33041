package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rubato/configs"
	"rubato/internal/telemetry"
	"rubato/internal/web"
)

// watch watches the configuration's file, where there is one.
func (a *App) watch() error {
	if a.opts.ConfigPath == "" {
		return nil
	}
	w, err := configs.NewWatcher(a.opts.ConfigPath, a.load)
	if err != nil {
		return err
	}
	a.watcher = w
	return nil
}

// reloadOnChange applies what the watcher loads, and what was written while the
// tuner was starting.
func (a *App) reloadOnChange(ctx context.Context) {
	if a.watcher == nil {
		return
	}
	_ = a.Reload() // logged there, as all are
	for {
		select {
		case <-ctx.Done():
			return
		case r, ok := <-a.watcher.Results():
			if !ok {
				return
			}
			_ = a.apply(r.Config, r.Err)
		}
	}
}

// Reload loads the configuration's file anew; a wrong one changes nothing, and
// the error names every mistake.
func (a *App) Reload() error {
	if a.opts.ConfigPath == "" {
		return errors.New("there is no configuration file to load: start with --config")
	}
	return a.apply(a.load())
}

// load loads the configuration's file, and the environment unless it is to be left
// out.
func (a *App) load() (*configs.Config, error) {
	if a.opts.FileAlone {
		return configs.LoadFile(a.opts.ConfigPath, Known())
	}
	return configs.Load(a.opts.ConfigPath, Known())
}

// apply puts a configuration in force from the next tick on.
func (a *App) apply(cfg *configs.Config, err error) error {
	a.loading.Lock()
	defer a.loading.Unlock()
	if err == nil {
		err = a.adopt(cfg)
	}
	if errors.Is(err, web.ErrStopping) {
		return err
	}
	if err != nil {
		a.noteConfig(a.config.Load(), false)
		a.log.Error().Err(err).Msg("the new configuration is wrong: the old one stays")
		return err
	}
	return nil
}

func (a *App) adopt(cfg *configs.Config) error {
	old := a.config.Load()
	if cfg.Blank && !old.Blank {
		return fmt.Errorf("%s sets nothing: the defaults for all of it want a restart", a.opts.ConfigPath)
	}
	next := *cfg
	if len(next.Kafka.Brokers) == 0 && a.broker != nil {
		next.Kafka.Brokers = []string{a.broker.Addr()}
	}
	if fields := configs.RestartNeeded(old, &next); len(fields) > 0 {
		a.log.Warn().Strs("fields", fields).Msg("these fields take effect at the next start")
	}
	next.Kafka, next.HTTP, next.Store, next.Log, next.Seed = old.Kafka, old.HTTP, old.Store, old.Log, old.Seed
	value, err := configValue(&next)
	if err != nil {
		return err
	}
	changed := false
	var learners []string
	err = web.ErrStopping
	a.call(func() {
		if changed = a.core.s.Config != string(value); !changed {
			err = nil
			return
		}
		learners = a.core.learners()
		err = a.configure(value)
	})
	if err != nil {
		return fmt.Errorf("applying the configuration: %w", err)
	}
	a.config.Store(&next)
	a.noteConfig(&next, true)
	if !changed {
		return nil
	}
	a.log.Info().Str("hash", next.Hash()).Msg("configuration is in force")
	for _, w := range next.Warnings {
		a.log.Warn().Msg(w)
	}
	for _, name := range learners {
		if !slices.ContainsFunc(next.Groups, func(g configs.Group) bool { return g.Name == name }) {
			a.log.Warn().Str("group", name).Msg("a group that has learnt is gone: its learner is kept, for when a group of its name returns")
		}
	}
	return nil
}

func (a *App) noteConfig(cfg *configs.Config, ok bool) {
	c := telemetry.Config{Hash: cfg.Hash(), ReloadOK: ok, LoadedAt: time.Now()}
	if old := a.loaded.Load(); !ok && old != nil {
		c.LoadedAt = old.LoadedAt
	}
	a.loaded.Store(&c)
}
