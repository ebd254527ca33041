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
	"slices"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/train"
)

// ErrOtherState says that a state file is of another pre-training.
var ErrOtherState = errors.New("the state is of another pre-training: remove it, or train with its settings")

// averaging is how much of the mean of the iterates a round keeps.
const averaging = 0.8

// state is a pre-training between two rounds.
type state struct {
	Config Config `json:"config"`
	// Rounds are those done.
	Rounds []Round `json:"rounds"`
	// Weights are the last iterate's, Average their exponential mean over the
	// rounds (Polyak and Juditsky 1992), Best the Average of the best round that was judged, Chosen.
	Weights []float64   `json:"weights"`
	Adam    *train.Adam `json:"adam"`
	Average []float64   `json:"average"`
	Best    []float64   `json:"best"`
	Chosen  int         `json:"chosen"`
}

// Run pre-trains a policy. Its state is kept in a file between rounds: a run
// that was stopped goes on from there and ends in the same bits. The file is
// replaced whole, so that a full disk leaves the last good one.
func Run(ctx context.Context, cfg Config, path string, p Progress) (*policy.Artefact, []Round, error) {
	st, err := begin(ctx, cfg, path, p)
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	f, err := newFitter(cfg.layout())
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	defer f.close()
	for r := len(st.Rounds); r <= cfg.Rounds; r++ {
		err := st.round(ctx, f, r, p)
		if err == nil {
			err = st.save(path)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("pre-training, round %d: %w", r, err)
		}
	}
	a, err := st.artefact()
	if err != nil {
		return nil, nil, fmt.Errorf("pre-training: %w", err)
	}
	return a, st.Rounds, nil
}

// artefact is the best policy, with a critic.
func (st *state) artefact() (*policy.Artefact, error) {
	best, err := policy.NewNetwork(st.Config.layout(), st.Best)
	if err != nil {
		return nil, err
	}
	a, err := agent.FitCritic(st.Config.Seed, best, simulation(st.Config), st.Config.States)
	if err != nil {
		return nil, err
	}
	a.Provenance = map[string]string{"chosen": fmt.Sprintf("round %d of %d", st.Chosen, st.Config.Rounds)}
	for i, k := range Kinds {
		v := st.Rounds[st.Chosen].Verdicts[i]
		a.Provenance["held-out "+k.String()] = fmt.Sprintf("%.4f of the waiting-cost rule, worst %.4f, %d drivers", v.Ratio, v.Worst, v.Drivers)
	}
	return a, nil
}

// begin reads the state file, or starts anew; round 0 is the policy that
// training begins with.
func begin(ctx context.Context, cfg Config, path string, p Progress) (*state, error) {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l := cfg.layout()
		w := l.Initial(rand.New(rand.NewPCG(cfg.Seed, 0x1217)))
		return &state{Config: cfg, Weights: w, Average: slices.Clone(w), Adam: train.NewAdam(l.Size())}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	st := new(state)
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("reading the state %s: %w (remove it to begin anew)", path, err)
	}
	if st.Config != cfg {
		return nil, fmt.Errorf("%s: %w", path, ErrOtherState)
	}
	for _, r := range st.Rounds {
		p.Round(r)
	}
	return st, ctx.Err()
}

// round plays round r, learns from it, and judges what came of it.
func (st *state) round(ctx context.Context, f *fitter, r int, p Progress) error {
	cfg := st.Config
	done := Round{Round: r}
	if r > 0 {
		net, err := policy.NewNetwork(f.layout, st.Weights)
		if err != nil {
			return err
		}
		samples, err := gather(ctx, cfg, r, net, p)
		if err != nil {
			return err
		}
		rng := rand.New(rand.NewPCG(cfg.Seed, 0xf170000+uint64(r)))
		rate := cosine(fitRate, fitLastRate, float64(r-1)/float64(cfg.Rounds))
		if err := f.fit(rng, st.Weights, st.Adam, samples, rate); err != nil {
			return err
		}
		for i, w := range st.Weights {
			st.Average[i] = averaging*st.Average[i] + (1-averaging)*w
		}
		done.Samples = len(samples)
	}
	if r == cfg.Rounds || r%cfg.JudgeEvery == 0 {
		net, err := policy.NewNetwork(f.layout, st.Average)
		if err != nil {
			return err
		}
		if done.Verdicts, err = judge(ctx, cfg, net); err != nil {
			return err
		}
		if st.Best == nil || done.Score() < st.Rounds[st.Chosen].Score() {
			st.Best, st.Chosen = slices.Clone(st.Average), r
		}
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
		sc := Scene{Kind: Kinds[rng.IntN(len(Kinds))], Seed: rng.Uint64N(HeldOut), Typical: rng.IntN(2) == 0}
		s, err := sim.NewDriver(sc.Driver(cfg.Length))
		if err != nil {
			panic(err) // a random driver is a valid one
		}
		return s
	}
}
