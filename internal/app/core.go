package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"rubato/agent"
	"rubato/configs"
	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/spark"
	"rubato/internal/signing"
	"rubato/policy"
	"rubato/policy/rules"
	"rubato/replay"
)

// Known are the names that a configuration may use, and what tells a policy and
// signing keys from what are none.
func Known() configs.Known {
	return configs.Known{
		Policies: append([]string{agent.Learned}, rules.Names()...),
		Artefact: func(text []byte) error { _, err := policy.Decode(text); return err },
		Keys:     func(text []byte) error { _, err := signing.Parse(string(text)); return err },
	}
}

// Hooks are what a Core tells its owner, and asks it, while it takes an input.
type Hooks struct {
	// Step gets each decision, before its command; valid during the call.
	Step func(*replay.Step)
	// Command gets each command to be sent.
	Command func(spark.Command)
	// Late is asked whether the group's update, due before the step of that
	// index, is put off. Nil waits for the update.
	Late func(group string, step uint64, ready bool) bool
}

// Core turns inputs into steps and commands. It is a pure function of the
// inputs it took; see the package's doc. Not safe for concurrent use.
type Core struct {
	hooks Hooks
	env   *spark.Environment
	loop  *agent.Loop
	cfg   *configs.Config
	// stamps say who decided last on each query.
	stamps map[env.QueryKey]spark.Stamp
	tick   env.Tick // being decided on; a local one would escape
	s      coreState
	size   int // of the last State, bytes
}

// coreState is what a checkpoint holds beside the environment and the loop.
type coreState struct {
	At     env.Time `json:"at"`
	Inputs uint64   `json:"inputs"`
	// Epoch numbers the process; Commanding is off while it catches up.
	Epoch      uint64          `json:"epoch"`
	Commanding bool            `json:"commanding"`
	Config     string          `json:"config"`
	Positions  map[int32]int64 `json:"positions"`
}

// The parts of a Core's state. Forecasts are bytes, the others JSON.
const (
	partCore      = "core"
	partEnv       = "environment"
	partForecasts = "forecasts"
	partLoop      = "learners"
)

// NewCore returns a Core that has taken nothing yet. It wants an InputConfig
// before anything else.
func NewCore(hooks Hooks) *Core {
	c := &Core{
		env:    spark.New(spark.EnvironmentOptions{Forecaster: func() env.Forecaster { return forecast.New() }}),
		loop:   agent.NewLoop(),
		stamps: map[env.QueryKey]spark.Stamp{},
		s:      coreState{Positions: map[int32]int64{}},
	}
	c.loop.Commanding = false
	c.loop.Settings = func(q env.QueryKey) (env.Settings, bool) { return c.env.Settings(q) }
	c.SetHooks(hooks)
	return c
}

// SetHooks replaces the hooks between two inputs.
func (c *Core) SetHooks(hooks Hooks) {
	c.hooks = hooks
	c.loop.Late = nil
	if hooks.Late != nil {
		c.loop.Late = func(group string, ready bool) bool { return hooks.Late(group, c.loop.Index(), ready) }
	}
}

// Close ends the learners' workers.
func (c *Core) Close() { c.loop.Close() }

// Config is the configuration in force; nil before the first.
func (c *Core) Config() *configs.Config { return c.cfg }

// Positions are the next offsets to take of the metrics topic.
func (c *Core) Positions() map[int32]int64 { return c.s.Positions }

// Take takes one input. The error says what was wrong with the input: the
// Core has gone on without it.
func (c *Core) Take(in *env.Input) error {
	c.s.At = max(c.s.At, in.At)
	c.s.Inputs++
	var err error
	switch in.Kind {
	case env.InputConfig:
		err = c.configure(in.Value)
	case env.InputStart:
		err = c.start(in)
	case env.InputCaughtUp:
		c.loop.Commanding = true
		err = c.env.Take(*in)
	case env.InputHold:
		c.loop.Hold(env.QueryKey(in.Key))
		c.env.Release(env.QueryKey(in.Key))
	case env.InputRelease:
		c.loop.Release(env.QueryKey(in.Key))
	case env.InputStop:
		c.loop.Commanding = false
		c.env.ReleaseAll()
	default:
		if in.Kind == env.InputMessage {
			c.s.Positions[in.Partition] = in.Offset + 1
		}
		if c.cfg == nil {
			return errors.New("an input came before the first configuration")
		}
		err = c.env.Take(*in)
		if in.Kind == env.InputPeriod { // which is when queries are forgotten
			c.loop.Forget(c.env.Known)
			maps.DeleteFunc(c.stamps, func(q env.QueryKey, _ spark.Stamp) bool { return !c.env.Known(q) })
		}
		c.decide()
	}
	c.send()
	return err
}

// decide steps every query that ticks.
func (c *Core) decide() {
	for {
		var ok bool
		if c.tick, ok = c.env.Next(); !ok {
			return
		}
		step, command := c.loop.Step(&c.tick)
		if c.hooks.Step != nil {
			c.hooks.Step(step)
		}
		if command {
			c.stamps[c.tick.Query] = spark.Stamp{Policy: step.Policy, Mode: step.Mode}
			c.env.Act(c.tick.Query, step.Rung)
		}
	}
}

func (c *Core) send() {
	for _, command := range c.env.Outgoing(func(q env.QueryKey) spark.Stamp { return c.stamps[q] }) {
		if c.hooks.Command != nil {
			c.hooks.Command(command)
		}
	}
}

// start begins a process: nothing is commanded until it has caught up.
func (c *Core) start(in *env.Input) error {
	var v env.StartValue
	if err := json.Unmarshal(in.Value, &v); err != nil {
		return fmt.Errorf("reading a start: %w", err)
	}
	c.s.Epoch = v.Epoch
	c.loop.Commanding = false
	return c.env.Take(*in)
}

// Acceptable tells whether a configuration could be put in force: whether its
// policies can be decoded.
func (c *Core) Acceptable(value []byte) error {
	_, _, err := c.prepare(value)
	return err
}

func (c *Core) prepare(value []byte) (*configs.Config, []agent.GroupConfig, error) {
	var in configInput
	if err := json.Unmarshal(value, &in); err != nil {
		return nil, nil, fmt.Errorf("reading a configuration: %w", err)
	}
	cfg, err := configs.Parse([]byte(in.Config), Known())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the effective configuration: %w", err)
	}
	groups, err := groups(cfg, in.Policies)
	return cfg, groups, err
}

// configure puts a configuration in force; on an error the old one stays.
func (c *Core) configure(value []byte) error {
	cfg, groups, err := c.prepare(value)
	if err != nil {
		return err
	}
	groupOf := func(q env.QueryKey) int { return cfg.Match(string(q)) }
	if err := c.loop.Configure(groups, groupOf); err != nil {
		return err
	}
	c.cfg = cfg
	c.s.Config = string(value)
	c.env.Pace(cfg.Decision.Lease, cfg.Kafka.Brokers)
	c.env.Configure(resolver(cfg))
	return nil
}

// snapshot shows every query. Each is in a group: where nothing is resolved for one
// its bounds cross.
func (c *Core) snapshot() []spark.Snapshot {
	all := c.env.Snapshot()
	for i := range all {
		if s := &all[i]; s.Why == spark.Unresolved {
			b := c.cfg.Groups[c.cfg.Match(string(s.Query))].Bounds
			s.Why = fmt.Sprintf("its bounds cross: min %v, max %v", b.Min, b.Max)
		}
	}
	return all
}

// groups turns the configuration's groups into the loop's.
func groups(cfg *configs.Config, policies map[string][]byte) ([]agent.GroupConfig, error) {
	groups := make([]agent.GroupConfig, len(cfg.Groups))
	for i, g := range cfg.Groups {
		groups[i] = agent.GroupConfig{
			Name: g.Name, Mode: agent.Mode(g.Mode), PolicyName: g.Policy, Seed: cfg.Seed + uint64(i),
		}
		if g.Policy != agent.Learned {
			continue
		}
		artefact, err := policy.Decode(policies[g.Artefact])
		if err != nil {
			return nil, fmt.Errorf("group %q: reading its policy %s: %w", g.Name, cmp.Or(g.Artefact, "that ships with it"), err)
		}
		groups[i].Artefact = artefact
	}
	return groups, nil
}

// resolver gives each query the settings of its group.
func resolver(cfg *configs.Config) spark.Resolver {
	return func(q env.QueryKey, configured time.Duration) (spark.Resolved, bool) {
		g := &cfg.Groups[cfg.Match(string(q))]
		r := g.Resolve(configured)
		ladder, err := env.NewLadder(r.Min, r.Max)
		if err != nil {
			return spark.Resolved{}, false // its bounds cross
		}
		return spark.Resolved{
			Settings: env.Settings{
				Weights: env.Weights(r.Weights), Target: r.Target, Ladder: ladder,
				Grace: r.Grace, Period: cfg.Decision.Period, FullBatch: r.FullBatch,
			},
			Command: agent.Mode(g.Mode) != agent.Observe, Brokers: r.Brokers,
			MaxOffsets: r.MaxOffsets, MinOffsets: r.MinOffsets,
		}, true
	}
}
