package app

import (
	"maps"
	"time"

	"rubato/checkpoints"
)

// checkpoint saves the state as of the last input, beside the loop: the
// journal first, so that no checkpoint is ahead of it.
func (a *App) checkpoint() {
	if a.pending > 0 {
		return // the last one is still being written
	}
	ckpt, err := a.capture()
	if err != nil {
		a.noteSaved(err)
		return
	}
	a.pending++
	go func() {
		if err := a.journal.Flush(); err != nil {
			a.saved <- err
			return
		}
		a.saved <- a.store.Save(ckpt)
	}()
}

// capture is the state as of the last input.
func (a *App) capture() (*checkpoints.Checkpoint, error) {
	state, err := a.core.State()
	if err != nil {
		return nil, err
	}
	return &checkpoints.Checkpoint{
		JournalSeq: a.journal.Appended(), At: a.at, Positions: maps.Clone(a.core.Positions()), State: state,
		Meta: a.core.meta(),
	}, nil
}

// noteSaved notes how a checkpoint went.
func (a *App) noteSaved(err error) {
	a.pending = max(a.pending-1, 0)
	if err != nil {
		a.tally.checkpointErrors++
		a.log.Error().Err(err).Msg("a checkpoint was not saved: the last one stays")
		return
	}
	a.tally.checkpointAt = time.Now()
}

// noteFlush notes how writing the journal went; it complains once an outage.
func (a *App) noteFlush(err error) {
	switch {
	case err != nil && !a.tally.journalDown:
		a.log.Error().Err(err).Msg("the journal cannot be written: decisions go on, and it is tried again")
	case err == nil && a.tally.journalDown:
		a.log.Info().Msg("the journal is written again")
	}
	if err != nil {
		a.tally.journalErrors++
	}
	a.tally.journalDown = err != nil
}

// meta tells what a checkpoint holds, for `checkpoints list`.
func (c *Core) meta() checkpoints.Meta {
	m := checkpoints.Meta{Steps: c.loop.Index(), Policies: map[string]string{}}
	for _, g := range c.loop.Status() {
		m.Policies[g.Name] = g.Policy
	}
	return m
}
