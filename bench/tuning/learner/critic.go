package learner

import (
	"math"

	"rubato/policy/train"
)

// heaviest bounds a sample's say, in units of the mean size: one that met a rare
// burst must not decide alone.
const heaviest = 8

// quantiles is how many of a return's a distributional critic tells.
const quantiles = 11

// Critic is what estimates the advantage of an action.
type Critic int

// The critics. All but the first two see one action's outcome only, which a coin
// chose.
const (
	// Paired has no critic: both actions are played from the same state on the
	// same arrivals and noise, and subtracted.
	Paired Critic = iota
	// Hindsight is told which of both was better, and not by how much: the actor
	// clones what one would do who knew all that comes and may choose this once.
	Hindsight
	// Raw is the cost itself.
	Raw
	// Average is the differential return: less the mean cost rate.
	Average
	// Value is that less a value of the state's features (the mean of both
	// actions, as the coin has it).
	Value
	// Bootstrapped sees the return to the next end of a trigger, and takes the
	// value there for the rest.
	Bootstrapped
	// Asymmetric is Value, told the secrets too.
	Asymmetric
	// Quantile is Value by the mean of the return's quantiles (Dabney et al.
	// 2018).
	Quantile
)

// judgement is what a critic makes of samples: an advantage of triggering for
// each, in the units of sample.advantage.
type judgement struct {
	advantages []float64
	// explained is the share of the variance of returns, at samples put aside,
	// that the critic tells; 0 without one.
	explained float64
	// likeness is the correlation of the advantages with the paired ones.
	likeness float64
}

// bounded clips xs to a multiple of their mean size.
func bounded(xs []float64) []float64 {
	mean := 0.0
	for _, x := range xs {
		mean += math.Abs(x) / float64(len(xs))
	}
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = max(min(x, heaviest*mean), -heaviest*mean)
	}
	return out
}

func each(samples []sample, of func(s *sample) float64) []float64 {
	out := make([]float64, len(samples))
	for i := range samples {
		out[i] = of(&samples[i])
	}
	return out
}

// judge estimates the advantages. The hidden layers are of the critic's network.
func (c Critic) judge(seed uint64, samples []sample, hidden shape, epochs int) (judgement, error) {
	paired := bounded(each(samples, func(s *sample) float64 { return s.advantage }))
	j := judgement{likeness: 1}
	switch c {
	case Paired:
		j.advantages = paired
	case Hindsight:
		for i := range samples {
			j.advantages = append(j.advantages, sign(samples[i].advantage)*samples[i].counts)
		}
	case Raw:
		cost := bounded(each(samples, func(s *sample) float64 { return s.cost }))
		for i := range samples {
			j.advantages = append(j.advantages, -cost[i])
		}
	default:
		j.advantages = bounded(each(samples, func(s *sample) float64 { return s.ret }))
	}
	if c > Average {
		v, err := newValuer(c, seed, samples, hidden, epochs)
		if err != nil {
			return j, err
		}
		j.explained = v.explained
		for i := range samples {
			j.advantages[i] = v.advantage(i)
		}
	}
	if c > Hindsight {
		for i := range samples {
			j.advantages[i] *= 2 * samples[i].coin * samples[i].counts
		}
		j.advantages = bounded(j.advantages)
	}
	if c != Paired {
		j.likeness = correlation(j.advantages, paired)
	}
	scale := 0.0
	for _, a := range j.advantages {
		scale += math.Abs(a) / float64(len(j.advantages))
	}
	for i := range j.advantages {
		j.advantages[i] /= scale
	}
	return j, nil
}

// valuer is a critic that was fitted.
type valuer struct {
	critic    Critic
	samples   []sample
	returns   []float64
	net       *net
	x         []float64
	explained float64
}

func newValuer(c Critic, seed uint64, samples []sample, hidden shape, epochs int) (*valuer, error) {
	v := &valuer{critic: c, samples: samples}
	// The states after are the second half.
	n := len(samples)
	v.returns = bounded(each(samples, func(s *sample) float64 { return s.ret }))
	for i := range samples {
		v.returns = append(v.returns, v.returns[i]-samples[i].first)
	}
	v.returns = append(v.returns[:n:n], bounded(v.returns[n:])...)
	fit, check := split(samples)
	if c == Bootstrapped {
		for _, i := range fit {
			if samples[i].next != nil {
				fit = append(fit, n+i)
			}
		}
	}
	s := shape{Inputs: v.size(), Depth: hidden.Depth, Width: hidden.Width, Out: 1}
	if c == Quantile {
		s.Out = quantiles
	}
	v.x = make([]float64, s.Inputs)
	mean, size := moments(v.returns, fit)
	for i := range v.returns {
		v.returns[i] = (v.returns[i] - mean) / size
	}
	l := &lesson{shape: s, fit: fit, check: check, rate: criticRate, input: v.input, pull: v.pull, loss: v.loss}
	var err error
	if v.net, _, err = l.learn(seed, epochs); err != nil {
		return nil, err
	}
	var off float64
	for _, i := range check {
		miss := v.returns[i] - v.value(i)
		off += miss * miss / float64(len(check))
	}
	_, spread := moments(v.returns, check)
	v.explained = 1 - off/(spread*spread)
	for i := range v.returns { // back to shares
		v.returns[i] = v.returns[i]*size + mean
	}
	for i := range s.Out {
		v.net.by["b.out"][i] = v.net.by["b.out"][i]*size + mean
	}
	for i := range v.net.by["w.out"] {
		v.net.by["w.out"][i] *= size
	}
	return v, nil
}

func (v *valuer) size() int {
	n := len(v.samples[0].now())
	if v.critic == Asymmetric {
		n += secrets
	}
	return n
}

// input is of sample i; past the last, of the state after.
func (v *valuer) input(x []float64, i int) {
	s := &v.samples[i%len(v.samples)]
	now, secret := s.now(), s.secret
	if i >= len(v.samples) {
		now, secret = s.next, s.secretAfter
	}
	train.Widen(x, now)
	if v.critic == Asymmetric {
		train.Widen(x[len(now):], secret)
	}
}

func (v *valuer) pull(i int, out, pull []float64) {
	if v.critic != Quantile {
		pull[0] = out[0] - v.returns[i]
		return
	}
	for k, q := range out {
		level := (float64(k) + 0.5) / quantiles
		if pull[k] = -level; v.returns[i] < q {
			pull[k] = 1 - level
		}
	}
}

func (v *valuer) loss(i int, out []float64) float64 {
	if v.critic != Quantile {
		miss := out[0] - v.returns[i]
		return miss * miss / 2
	}
	sum := 0.0
	for k, q := range out {
		level := (float64(k) + 0.5) / quantiles
		sum += max(level*(v.returns[i]-q), (level-1)*(v.returns[i]-q))
	}
	return sum
}

// value is the critic's mean return of sample i.
func (v *valuer) value(i int) float64 {
	v.input(v.x, i)
	sum := 0.0
	for _, q := range v.net.forward(v.x) {
		sum += q / float64(v.net.Out)
	}
	return sum
}

// advantage is of the action taken.
func (v *valuer) advantage(i int) float64 {
	if s := &v.samples[i]; v.critic == Bootstrapped && s.next != nil {
		return v.returns[i] - v.returns[len(v.samples)+i] + v.value(len(v.samples)+i) - v.value(i)
	}
	return v.returns[i] - v.value(i)
}

// moments are the mean and the standard deviation of some of xs.
func moments(xs []float64, of []int) (mean, deviation float64) {
	for _, i := range of {
		mean += xs[i] / float64(len(of))
	}
	for _, i := range of {
		deviation += (xs[i] - mean) * (xs[i] - mean) / float64(len(of))
	}
	return mean, max(math.Sqrt(deviation), 1e-12)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func correlation(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return ab / max(math.Sqrt(aa*bb), 1e-300)
}
