package app

import (
	"encoding/json"
	"fmt"

	"rubato/checkpoints"
)

// State encodes all that a checkpoint needs, canonically: the same inputs give
// the same bytes. It is appended part by part and query by query, so that it
// exists once.
func (c *Core) State() ([]byte, error) {
	c.s.Commanding = c.loop.Commanding
	b := make([]byte, 0, c.size+c.size/16)
	for _, p := range []struct {
		name string
		json bool
		fill func([]byte) ([]byte, error)
	}{
		{partCore, true, func(b []byte) ([]byte, error) { return appendAll(b)(json.Marshal(c.s)) }},
		{partEnv, true, c.env.AppendJSON},
		{partForecasts, false, c.env.AppendForecasts},
		{partLoop, true, func(b []byte) ([]byte, error) { return appendAll(b)(c.loop.State()) }},
	} {
		var err error
		if b, err = checkpoints.AppendPart(b, p.name, p.json, p.fill); err != nil {
			return nil, err
		}
	}
	c.size = len(b)
	return b, nil
}

func appendAll(b []byte) func([]byte, error) ([]byte, error) {
	return func(more []byte, err error) ([]byte, error) { return append(b, more...), err }
}

// Restore continues from what State encoded; the Core must be new.
func (c *Core) Restore(b []byte) error {
	list, err := checkpoints.Parts(b)
	if err != nil {
		return fmt.Errorf("restoring the state: %w", err)
	}
	parts := map[string][]byte{}
	for _, p := range list {
		parts[p.Name] = p.Data
	}
	var saved coreState
	if err := json.Unmarshal(parts[partCore], &saved); err != nil {
		return fmt.Errorf("restoring the state: %w", err)
	}
	if saved.Config != "" {
		if err := c.configure([]byte(saved.Config)); err != nil {
			return fmt.Errorf("restoring the configuration: %w", err)
		}
	}
	if err := c.env.Restore(parts[partEnv], parts[partForecasts]); err != nil {
		return fmt.Errorf("restoring the environment: %w", err)
	}
	if err := c.loop.Restore(parts[partLoop]); err != nil {
		return fmt.Errorf("restoring the learners: %w", err)
	}
	c.s = saved
	if c.s.Positions == nil {
		c.s.Positions = map[int32]int64{}
	}
	c.loop.Commanding = c.s.Commanding
	return nil
}
