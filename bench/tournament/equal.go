package tournament

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"rubato/env"
	"rubato/internal/parallel"
	"rubato/policy/rules"
)

// EqualTriggers compares mean latencies at equal triggers: AdaptiveStream's
// rule as published at confidence 1, on its own generator, and the policy at
// the price of a batch at which it makes as many triggers.
type EqualTriggers struct {
	// Rule is the variant against which the policy does worst: on an EMA, on
	// the environment's forecast, or told the true rate.
	Rule string `json:"rule"`
	// TriggersPerS and MeanLatencyS are the rule's.
	TriggersPerS Figure `json:"triggersPerS"`
	MeanLatencyS Figure `json:"meanLatencyS"`
	// BatchPrice is the policy's, of a batch and of an empty trigger, a second
	// of mean delay being 1; PolicyLatencyS its mean latency there.
	BatchPrice     Figure `json:"batchPrice"`
	PolicyLatencyS Figure `json:"policyLatencyS"`
	LatencyRatio   Figure `json:"latencyRatio"`
	// LimitLatencyS is the clairvoyant's mean latency at as many triggers.
	LimitLatencyS Figure `json:"limitLatencyS"`
}

func (e *EqualTriggers) note() string {
	return fmt.Sprintf("%v s against %v s of %s, at %v triggers/s; clairvoyant %v s, %v", e.PolicyLatencyS, e.MeanLatencyS, e.Rule,
		e.TriggersPerS, e.LimitLatencyS, e.LimitLatencyS/e.MeanLatencyS)
}

// adaptiveRules are AdaptiveStream's rule as published.
var adaptiveRules = []string{
	"adaptive-stream-published", "adaptive-stream-published-forecast", "adaptive-stream-published-true-rate",
}

// adaptiveKind is a light query at the generator's own rates: a base of 100
// events/s, about 450 with its bursts.
var adaptiveKind = Kind{Name: "adaptive-stream", Group: Sighted, Rate: 450, Queries: 1,
	Overhead: 250 * time.Millisecond, Utilisation: 0.05}

const (
	cheapest, dearest = 1e-3, 1e3 // prices of a batch
	bisections        = 16
)

// load is how often a player triggers, and the mean latency then.
type load struct{ triggers, latency float64 }

func equalTriggers(ctx context.Context, o Options) (*EqualTriggers, error) {
	source, err := WorkloadSource("adaptivestream")
	if err != nil {
		return nil, err
	}
	// The rule does not look at prices.
	cell := Cell{Source: source, Kind: adaptiveKind}
	play := func(price float64, make maker) (load, error) {
		c := cell
		c.Weighting = Weighting{Name: "price", Weights: env.Weights{Latency: 1, Batch: price, Empty: price}}
		return average(ctx, c, o, make)
	}
	worst := &EqualTriggers{LatencyRatio: Unknown()}
	for _, name := range adaptiveRules {
		e, ok := rules.Find(name)
		if !ok {
			return nil, fmt.Errorf("rule %q: %w", name, ErrUnknown)
		}
		own, err := play(1, func(b *bout) (player, error) { return newRulePlayer(b, e, e.Values()) })
		if err != nil {
			return nil, err
		}
		price, at, err := priceFor(own.triggers, func(*bout) (player, error) { return newPolicyPlayer(o.Policy) }, play)
		if err != nil {
			return nil, err
		}
		x := &EqualTriggers{
			Rule: name, TriggersPerS: Figure(own.triggers), MeanLatencyS: Figure(own.latency),
			BatchPrice: Figure(price), PolicyLatencyS: Figure(at), LatencyRatio: Figure(at / own.latency),
		}
		if !worst.LatencyRatio.Known() || x.LatencyRatio > worst.LatencyRatio {
			worst = x
		}
	}
	_, limit, err := priceFor(float64(worst.TriggersPerS), newClairvoyantPlayer, play)
	worst.LimitLatencyS = Figure(limit)
	return worst, err
}

// priceFor bisects the price of a batch at which who plays makes the triggers
// wanted, and returns it with the latency there, interpolated between the last
// two loads.
func priceFor(triggers float64, by maker, play func(float64, maker) (load, error)) (price, latency float64, err error) {
	lo, hi := math.Log(cheapest), math.Log(dearest)
	var often, seldom load // at lo and at hi
	if often, err = play(cheapest, by); err != nil {
		return 0, 0, err
	}
	if seldom, err = play(dearest, by); err != nil {
		return 0, 0, err
	}
	for range bisections {
		mid := (lo + hi) / 2
		at, err := play(math.Exp(mid), by)
		if err != nil {
			return 0, 0, err
		}
		if at.triggers > triggers {
			lo, often = mid, at
		} else {
			hi, seldom = mid, at
		}
	}
	part := 0.0
	if often.triggers > seldom.triggers {
		part = min(max((often.triggers-triggers)/(often.triggers-seldom.triggers), 0), 1)
	}
	return math.Exp((lo + hi) / 2), often.latency + part*(seldom.latency-often.latency), nil
}

// average plays a cell over the seeds.
func average(ctx context.Context, c Cell, o Options, make maker) (load, error) {
	outs := slices.Repeat([][]*outcome{nil}, o.Seeds)
	err := parallel.Do(ctx, o.Workers, o.Seeds, func(_ context.Context, seed int) error {
		b, err := newBout(c, seed, o.Length)
		if err != nil {
			return err
		}
		p, err := make(b)
		if err != nil {
			return fmt.Errorf("cell %v: %w", c, err)
		}
		out, err := b.play(p, false)
		outs[seed] = []*outcome{out}
		return err
	})
	if err != nil {
		return load{}, err
	}
	s := stand(c.String(), outs, 0)
	return load{s.triggers / s.seconds, s.delay / s.events}, nil
}
