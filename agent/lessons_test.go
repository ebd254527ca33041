package agent

import (
	"math"
	"slices"
	"testing"

	"rubato/env"
)

// numbered is a stream whose empty share tells the query and the step.
func numbered(seed uint64, n int) []env.Tick {
	ticks := stream(seed, n)
	next := map[env.QueryKey]float64{}
	for i := range ticks {
		o := &ticks[i].Observation
		next[ticks[i].Query]++
		base := 0.0
		if ticks[i].Query == "app/b" {
			base = 0.5
		}
		o.EmptyShare = base + next[ticks[i].Query]/1e4
	}
	return ticks
}

// wantConsecutive wants chunks, of a numbered stream, in which each step is
// followed by the next one of its query.
func wantConsecutive(t *testing.T, chunks []*chunk) {
	t.Helper()
	if len(chunks) < 10 {
		t.Fatalf("only %d chunks", len(chunks))
	}
	for _, c := range chunks {
		steps := c.steps
		for i := range steps {
			to := c.last
			if i+1 < len(steps) {
				to = steps[i+1].features
			}
			d := float64(to[env.FeatureEmptyShare] - steps[i].features[env.FeatureEmptyShare])
			if math.Abs(d-1e-4) > 1e-6 {
				t.Fatalf("step %d of %d is followed by one %v on", i, len(steps), d)
			}
		}
	}
}

func TestChunksAreConsecutiveStepsOfOneQuery(t *testing.T) {
	l := configured(t, one, learning(t))
	play(l, numbered(4, 2000))
	wantConsecutive(t, l.groups[0].learner.ring)
}

func TestNoChunkJoinsTheStepsBeforeAHoldOrACatchUpToThoseAfterIt(t *testing.T) {
	ticks := numbered(4, 4000)
	for name, leave := range map[string]func(l *Loop, alone bool){
		"hold": func(l *Loop, alone bool) {
			if alone {
				l.Hold("app/a")
			} else {
				l.Release("app/a")
			}
		},
		"catch-up": func(l *Loop, alone bool) { l.Commanding = !alone },
	} {
		t.Run(name, func(t *testing.T) {
			l := configured(t, one, learning(t))
			for i := range ticks {
				leave(l, i%100 >= 90)
				l.Step(&ticks[i])
			}
			wantConsecutive(t, l.groups[0].learner.ring)
		})
	}
}

func TestWhereTheShieldOverrodeThePolicyTheCriticLearnsAndTheActorDoesNot(t *testing.T) {
	g := learning(t)
	g.Artefact = off(t, 1e30) // it never triggers
	ticks := stream(1, 1000)
	for i := range ticks {
		ticks[i].Observation.Waited = 1e4 // of which the shield makes an end
	}
	l := configured(t, one, g)
	before := slices.Clone(g.Artefact.Network.Weights())
	overridden := 0
	for _, s := range play(l, ticks) {
		if s.Verdict != 0 {
			overridden++
		} else if !inert(s.Mask) {
			t.Fatalf("step %d passed the shield: %v", s.Index, s.Action)
		}
	}
	n := l.groups[0].learner
	if overridden < len(ticks)/2 || n.status.Updates == 0 {
		t.Fatalf("%d steps overridden, %d updates", overridden, n.status.Updates)
	}
	for _, c := range n.ring {
		for _, s := range c.steps {
			if s.decisive || s.logMu != 0 {
				t.Fatalf("an overridden step teaches the actor: decisive is %v, logMu %v", s.decisive, s.logMu)
			}
		}
	}
	after, actor := n.net.Weights(), n.net.Layout().ActorSize()
	if !slices.Equal(after[:actor], before[:actor]) {
		t.Error("the actor has learnt")
	}
	if slices.Equal(after[actor:], before[actor:]) {
		t.Error("the critic has not learnt")
	}
}
