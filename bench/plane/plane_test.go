package plane

import (
	"slices"
	"strings"
	"testing"
)

func TestThePointsHeldAreInsideTheMargins(t *testing.T) {
	p := New(100, 60, Margins{Left: 10, Right: 5, Top: 6, Bottom: 8})
	p.Hold(0.1, 2)
	p.Hold(10, 0.02)
	for _, want := range []struct{ triggers, latency, x, y float64 }{
		{0.1, 2, 10, 6}, {10, 0.02, 95, 52}, {1, 0.2, 52.5, 29},
	} {
		if x, y := p.Place(want.triggers, want.latency); !near(x, want.x) || !near(y, want.y) {
			t.Errorf("%g triggers/s and %g s stand at %g, %g, want %g, %g", want.triggers, want.latency, x, y, want.x, want.y)
		}
	}
	p.Widen(0.5)
	if x, y := p.Place(0.1, 2); !(x > 10) || !(y > 6) {
		t.Errorf("widened, the first stands at %g, %g: on the margin", x, y)
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

func TestTheGridHasALineAtEach1And2And5ThatTheAxesReach(t *testing.T) {
	p := New(100, 60, Margins{})
	p.Hold(0.15, 1)
	p.Hold(12, 3)
	var b strings.Builder
	p.Grid(&b)
	for _, want := range []string{">0.2<", ">0.5<", ">1<", ">2<", ">5<", ">10<"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line at %s", want)
		}
	}
	if got := strings.Count(b.String(), `class="grid"`); got != 8 {
		t.Errorf("%d lines, want 6 of triggers (0.2 to 10) and 2 of latency (1 and 2)", got)
	}
}

func TestTicksAreThoseOfADecade(t *testing.T) {
	if got := ticks(0, 1); !slices.Equal(got, []float64{1, 2, 5, 10}) {
		t.Errorf("ticks of one decade %v, want 1, 2, 5 and 10", got)
	}
}
