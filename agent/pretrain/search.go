package pretrain

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/internal/parallel"
	"rubato/policy"
	"rubato/policy/rules"
)

// Search is a search of the lines of policy.Prior: block by block, each a few
// weights that matter on some kinds of drivers, by CMA-ES (Hansen 2016) on the
// mean logarithm of the cost over the waiting-cost rule's.
type Search struct {
	// Seed draws the drivers and the candidates.
	Seed uint64
	// Drivers of each kind (a third of it of those that queries share), two in
	// three of them typical ones, are played for Length.
	Drivers int
	Length  time.Duration
	// Evaluations bounds the candidates of a block, for each of its weights.
	Evaluations int
}

// DefaultSearch is the full search.
func DefaultSearch() Search {
	return Search{Seed: 1, Drivers: 720, Length: 8 * time.Minute, Evaluations: 10}
}

// Block is a set of weights that are searched together.
type Block struct {
	Name string
	// Kind is that of the drivers that it is judged on.
	Kind sim.Kind
	// Blind says that it is of the line for blind queries.
	Blind bool
	// Bias and Pressure say whether the line's bias and the numbers of its Pressure
	// are searched too.
	Bias, Pressure bool
	// Features are those whose weights are searched.
	Features []int
	// Knee is the logarithm of a ratio beyond which a single driver says little
	// more.
	Knee float64
}

// Blocks are those of a search, in their order. What matters on one kind alone
// is 0 on the others, so that the blocks hardly get in each other's way.
func Blocks() []Block {
	return []Block{
		{Name: "sighted", Kind: sim.Sighted, Bias: true, Pressure: true, Knee: knee, Features: []int{
			env.FeatureMarginal, env.FeatureTrend, env.FeatureTrendFast, env.FeatureTrendSlow, env.FeatureForecast1,
			env.FeatureForecast5, env.FeatureUtilisation, env.FeatureOverhead, env.FeatureImposed, env.FeatureFull,
			env.FeatureIdle, env.FeaturePeriod, env.FeatureGrain,
		}},
		{Name: "target", Kind: sim.Target, Knee: knee, Features: []int{
			env.FeatureTarget, env.FeatureAge, env.FeatureAgeServed, env.FeatureLate, env.FeatureMissPrice,
		}},
		// Taking turns or not, not luck, halves what some drivers cost.
		{Name: "shared", Kind: sim.Shared, Knee: 4 * knee, Features: []int{
			env.FeatureRunning, env.FeatureDriverLeft, env.FeatureQueries, env.FeatureCrowded, env.FeatureYielding,
		}},
		{Name: "off-model", Kind: sim.OffModel, Knee: knee, Features: []int{
			env.FeatureNextPrice, env.FeatureSlowDue, env.FeatureSlowPrice, env.FeatureSlowNext, env.FeatureWarmup,
		}},
		{Name: "blind", Kind: sim.Blind, Blind: true, Bias: true, Pressure: true, Knee: knee, Features: []int{
			env.FeatureMarginal, env.FeatureTrend, env.FeatureTrendSlow, env.FeatureForecast1, env.FeatureForecast5,
			env.FeatureUtilisation, env.FeatureOverhead, env.FeatureImposed, env.FeatureIdle, env.FeaturePeriod,
			env.FeatureEmptyShare, env.FeatureEmptyPrice,
		}},
	}
}

// Found is told of the line that a block's search has come to: the mean
// logarithm of its cost over the rule's, after so many generations of all.
type Found func(generation, of int, score float64)

//go:embed start.json
var startJSON []byte

// StartLines are where a search begins: start.json.
func StartLines() (lines policy.Lines) {
	if err := json.Unmarshal(startJSON, &lines); err != nil {
		panic(fmt.Sprintf("agent/pretrain/start.json: %v", err)) // built in, and tested
	}
	return lines
}

// Run searches one of the Blocks from the given lines on.
func (s Search) Run(ctx context.Context, lines policy.Lines, b Block, found Found) (policy.Lines, error) {
	place := slices.IndexFunc(Blocks(), func(other Block) bool { return other.Name == b.Name })
	s.Seed = s.Seed<<16 | uint64(place)
	chosen, err := s.run(ctx, lines, b, found)
	if err != nil {
		return lines, fmt.Errorf("searching the line, block %s: %w", b.Name, err)
	}
	return chosen, nil
}

func (s Search) run(ctx context.Context, lines policy.Lines, b Block, found Found) (policy.Lines, error) {
	t, err := s.trial(ctx, &b)
	if err != nil {
		return lines, err
	}
	c := newCMA(rand.New(rand.NewPCG(s.Seed, 0xc3a<<8)), b.read(lines), firstStep)
	all := max(s.Evaluations*len(c.mean)/(2*len(c.weights)+1), 1)
	best := math.Inf(1)
	var chosen policy.Lines
	for g := range all + 1 {
		// The mean is judged, not the luckiest candidate.
		at := b.write(lines, c.mean)
		score, err := t.score(ctx, at)
		if err != nil {
			return lines, err
		}
		if score < best {
			best, chosen = score, at
		}
		found(g, all, score)
		if g == all {
			break
		}
		generation, err := c.ask()
		if err != nil {
			return lines, err
		}
		for i := range generation {
			if generation[i].score, err = t.score(ctx, b.write(lines, generation[i].x)); err != nil {
				return lines, err
			}
		}
		c.tell(generation)
	}
	return chosen, nil
}

// firstStep is the standard deviation of the first candidates' weights.
const firstStep = 0.1

// numbers are those of the lines that the block searches, in their order.
func (b *Block) numbers(lines *policy.Lines) []*float64 {
	l := &lines.Sighted
	if b.Blind {
		l = &lines.Blind
	}
	var all []*float64
	if b.Bias {
		all = append(all, &l.Bias)
	}
	if b.Pressure {
		all = append(all, &l.Pressure.Next, &l.Pressure.Count, &l.Pressure.Trend, &l.Pressure.TrendFast)
	}
	for _, f := range b.Features {
		all = append(all, &l.Weight[f])
	}
	return all
}

// Numbers is how many numbers are searched.
func (b *Block) Numbers() int { return len(b.numbers(new(policy.Lines))) }

func (b *Block) read(lines policy.Lines) []float64 {
	var x []float64
	for _, number := range b.numbers(&lines) {
		x = append(x, *number)
	}
	return x
}

// write puts x in the place of the block's numbers. Shares of the pressure are
// held at 0 from below.
func (b *Block) write(lines policy.Lines, x []float64) policy.Lines {
	for i, number := range b.numbers(&lines) {
		*number = round(x[i])
	}
	for _, l := range []*policy.Line{&lines.Sighted, &lines.Blind} {
		l.Pressure.Next, l.Pressure.Count = max(l.Pressure.Next, 0), max(l.Pressure.Count, 0)
	}
	return lines
}

// round keeps four digits after the point.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// trial are the drivers that candidates are compared on, and what the
// waiting-cost rule costs on each.
type trial struct {
	length time.Duration
	knee   float64
	scenes []Scene
	rule   []float64
}

// trial draws the drivers. Those that are not calm are drawn anew.
func (s Search) trial(ctx context.Context, b *Block) (*trial, error) {
	n := s.Drivers
	if b.Kind == sim.Shared {
		n = max(n/3, 1) // each has several queries
	}
	t := &trial{length: s.Length, knee: b.Knee, scenes: make([]Scene, n), rule: make([]float64, n)}
	err := parallel.Do(ctx, 0, n, func(_ context.Context, i int) (err error) {
		draw := rand.New(rand.NewPCG(s.Seed<<8, 0x11e<<32|uint64(i)))
		for calm := false; !calm && err == nil; {
			t.scenes[i] = Scene{b.Kind, draw.Uint64N(HeldOut), i%3 != 0}
			t.rule[i], calm, err = t.scenes[i].calm(s.Length)
		}
		return err
	})
	return t, err
}

// calm tells what the waiting-cost rule costs, and whether a hair's difference
// in what it decides makes no great difference: near overload one event decides
// between costs of one and two, for every policy alike.
func (c Scene) calm(length time.Duration) (cost float64, calm bool, err error) {
	const hair, much = 0.02, 0.15
	if cost, err = c.Play(length, byRule(rules.DefaultThreshold)); err != nil {
		return 0, false, err
	}
	for _, k := range []float64{1 - hair, 1 + hair} {
		other, err := c.Play(length, byRule(k*rules.DefaultThreshold))
		if err != nil || math.Abs(math.Log(other/cost)) > much {
			return cost, false, err
		}
	}
	return cost, true, nil
}

// score is the mean logarithm of what the lines cost over what the rule costs,
// each driver's squashed.
func (t *trial) score(ctx context.Context, lines policy.Lines) (float64, error) {
	logs := make([]float64, len(t.scenes))
	err := parallel.Do(ctx, 0, len(t.scenes), func(_ context.Context, i int) error {
		ours, err := t.scenes[i].Play(t.length, byLines(&lines))
		logs[i] = squash(ours/t.rule[i], t.knee)
		return err
	})
	sum := 0.0
	for _, x := range logs {
		sum += x
	}
	return sum / float64(len(logs)), err
}

// byLines decides as the prior with these lines would.
func byLines(lines *policy.Lines) func(t *env.Tick) int {
	var features env.Features
	return func(t *env.Tick) int {
		return int(t.Observation.Rung) + lines.Choose(&t.Observation, t.Mask, &features).Delta()
	}
}
