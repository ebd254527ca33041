package learner

import (
	"math/rand/v2"
	"time"

	"rubato/agent/pretrain"
	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// sample is a state with a choice, and what came of it.
type sample struct {
	scene  int
	input  []float32 // of the widest view
	secret []float32
	margin float64 // the line's
	// advantage is by how much triggering is cheaper than waiting for another
	// tick, as a share of all that the driver costs: both were tried.
	advantage float64
	// The rest is of the one that a coin chose, 1 is triggering and -1 waiting,
	// in such shares, and stands for counts states. first is what ret comes to by
	// the next end of a trigger, if any, where next was seen.
	coin, counts      float64
	cost, ret, first  float64
	next, secretAfter []float32
}

// now is what is seen at the moment itself.
func (s *sample) now() []float32 { return s.input[:env.NumFeatures] }

// scenes draws n drivers of each kind, half of them typical, with seeds in
// [from, from + span).
func scenes(seed uint64, n int, from, span uint64) []pretrain.Scene {
	draw := rand.New(rand.NewPCG(seed, 0x1ea4))
	var out []pretrain.Scene
	for i := range n {
		for _, k := range pretrain.Kinds {
			out = append(out, pretrain.Scene{Kind: k, Seed: from + draw.Uint64N(span), Typical: i%2 == 0})
		}
	}
	return out
}

// gather branches at about so many states of each scene.
func gather(all []pretrain.Scene, length time.Duration, wanted int) ([]sample, error) {
	var out []sample
	for i, c := range all {
		some, err := branched(i, c, length, wanted)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

func branched(scene int, c pretrain.Scene, length time.Duration, wanted int) ([]sample, error) {
	to, err := foresee(c, length)
	if err != nil {
		return nil, err
	}
	lines, m, scratch := policy.PriorLines(), newMemory(widest), make([]float64, widest.size())
	coin := rand.New(rand.NewPCG(c.Seed, 0xc014))
	var out []sample
	err = c.Branch(length, wanted, m.see, func(t *env.Tick, x *pretrain.Comparison) {
		input := m.input(t.Query, scratch)
		s := sample{
			scene: scene, input: train.Narrow(input), secret: to.secret(t.Query, t.At), margin: lines.Margin(input[:env.NumFeatures]),
			advantage: x.Advantage, coin: 1, counts: x.Counts,
		}
		arm := &x.Trigger
		if coin.IntN(2) == 0 {
			s.coin, arm = -1, &x.Wait
		}
		s.cost, s.ret = arm.Cost, arm.Return
		if arm.Ended {
			s.first, s.next, s.secretAfter = arm.First, train.Narrow(arm.Next[:]), to.secret(t.Query, arm.At)
		}
		out = append(out, s)
	})
	return out, err
}
