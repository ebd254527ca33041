package pretrain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
)

// criticStates is the number of states that the critic is fitted to.
const criticStates = 60_000

// ErrOtherState says that a state file is of another pre-training.
var ErrOtherState = errors.New("the state is of another pre-training: remove it, or train with its settings")

// state is a pre-training between two rounds.
type state struct {
	Config Config `json:"config"`
	// Rounds are those done; Network is the policy after them, Best that of
	// the best round, by its Round.Score.
	Rounds  []Round `json:"rounds"`
	Network []byte  `json:"network"`
	Best    []byte  `json:"best"`
	Chosen  int     `json:"chosen"`
}

// Run pre-trains a policy. Its state is kept in a file between rounds: a run
// that was stopped goes on from there and ends in the same bits. The file is
// replaced whole, so that a full disk leaves the last good one.
func Run(ctx context.Context, cfg Config, path string, p Progress) (*policy.Artefact, []Round, error) {
	st, err := begin(ctx, cfg, path, p)
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	for r := len(st.Rounds); r <= cfg.Rounds; r++ {
		if err := st.round(ctx, r, p); err != nil {
			return nil, nil, fmt.Errorf("pre-training: %w", err)
		}
		if err := st.save(path); err != nil {
			return nil, nil, fmt.Errorf("pre-training: %w", err)
		}
	}
	best, err := policy.DecodeNetwork(st.Best)
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	a, err := agent.FitCritic(cfg.Seed, best, simulation(cfg), criticStates)
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	a.Provenance = map[string]string{"chosen": fmt.Sprintf("round %d of %d", st.Chosen, cfg.Rounds)}
	for i, k := range Kinds {
		v := st.Rounds[st.Chosen].Verdicts[i]
		a.Provenance["held-out "+k.String()] = fmt.Sprintf("%.4f of the waiting-cost rule, worst %.4f, %d drivers", v.Ratio, v.Worst, v.Drivers)
	}
	return a, st.Rounds, nil
}

// begin reads the state file, or starts anew; round 0 is the policy that
// training begins with.
func begin(ctx context.Context, cfg Config, path string, p Progress) (*state, error) {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &state{Config: cfg}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	st := new(state)
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("reading the state %s: %w", path, err)
	}
	if st.Config != cfg {
		return nil, fmt.Errorf("%s: %w", path, ErrOtherState)
	}
	for _, r := range st.Rounds {
		p.Round(r)
	}
	return st, ctx.Err()
}

// round plays round r and judges what came of it.
func (st *state) round(ctx context.Context, r int, p Progress) error {
	var net *policy.Network
	var err error
	samples := 0
	if r == 0 {
		net, err = Initial(st.Config)
	} else if net, err = policy.DecodeNetwork(st.Network); err == nil {
		net, samples, err = improve(ctx, st.Config, r, net, p)
	}
	if err != nil {
		return err
	}
	verdicts, err := judge(ctx, st.Config, net)
	if err != nil {
		return err
	}
	done := Round{Round: r, Samples: samples, Verdicts: verdicts}
	if st.Network, err = net.MarshalBinary(); err != nil {
		return err
	}
	if r == 0 || done.Score() < st.Rounds[st.Chosen].Score() {
		st.Best, st.Chosen = st.Network, r
	}
	st.Rounds = append(st.Rounds, done)
	p.Round(done)
	return nil
}

func (st *state) save(path string) error {
	b, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the state: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// simulation draws drivers of all kinds.
func simulation(cfg Config) agent.Simulation {
	return func(rng *rand.Rand) env.Environment {
		sc := scene{Kinds[rng.IntN(len(Kinds))], rng.Uint64N(judgeSeed)}
		s, err := sim.NewDriver(sc.driver(cfg.Length))
		if err != nil {
			panic(err) // a random driver is a valid one
		}
		return s
	}
}
