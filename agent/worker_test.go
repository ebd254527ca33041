package agent

import (
	"math"
	"slices"
	"testing"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// updated runs one update of a network that learns from the given chunks, whose
// critic speaks in unit and is to speak in scale from then on.
func updated(t *testing.T, net *policy.Network, unit, scale float64, chunks ...*chunk) outcome {
	t.Helper()
	v, err := newVtracer(net.Layout())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.graph.Close(); err != nil {
			t.Error(err)
		}
	})
	j := &job{rate: DefaultActorRate, net: net, adam: train.NewAdam(net.Layout().Size()), unit: unit, scale: scale}
	if len(chunks) > 0 {
		j.rounds = []round{{chunks: chunks}}
	}
	if err := v.update(j); err != nil {
		t.Fatal(err)
	}
	return j.out
}

func TestANewReturnScaleLeavesWhatTheCriticSaysOfReturnsAsItWas(t *testing.T) {
	net := fresh(t, 1).Network
	out := updated(t, net, 20, 50).net
	var f env.Features
	for i, tick := range stream(1, 20) {
		tick.Observation.Features(&f)
		was, is := 20*net.Value(f[:]), 50*out.Value(f[:])
		if was == 0 || math.Abs(is-was) > 1e-9*math.Abs(was) {
			t.Errorf("state %d: a return of %v, and %v in the new scale", i, was, is)
		}
	}
	if actor := net.Layout().ActorSize(); !slices.Equal(out.Weights()[:actor], net.Weights()[:actor]) {
		t.Error("the actor has changed")
	}
}

func TestAWildChunkMovesActorAndCriticNoFurtherThanTheClippedGradient(t *testing.T) {
	l := configured(t, one, learning(t))
	play(l, stream(1, 400))
	weights := slices.Clone(fresh(t, 1).Network.Weights())
	weights[len(weights)-1] = 1e6 // the critic is far off
	net, err := policy.NewNetwork(fresh(t, 1).Network.Layout(), weights)
	if err != nil {
		t.Fatal(err)
	}
	adam, actor := updated(t, net, 50, 50, l.groups[0].learner.ring[0]).adam, net.Layout().ActorSize()
	for name, moment := range map[string][]float64{"actor": adam.M[:actor], "critic": adam.M[actor:]} {
		sum := 0.0
		for _, m := range moment {
			sum += m * m
		}
		// Adam's first moment is a tenth of the gradient.
		if norm := 10 * math.Sqrt(sum); math.Abs(norm-0.5) > 1e-9 {
			t.Errorf("%s: a gradient of norm %v, want 0.5", name, norm)
		}
	}
}
