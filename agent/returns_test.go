package agent

import (
	"math"
	"testing"

	"rubato/env"
)

func wantFloats(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("%s = %v, want %v", what, got, want)
			return
		}
	}
}

func TestVTraceIsWhatOneComputesByHand(t *testing.T) {
	rewards := []float64{1, 2, -1}
	gammas := []float64{0.5, 0.9, 1}
	lambdas := []float64{1, 0.5, 0.8}
	ratios := []float64{0.5, 2, 0.25}
	values := []float64{1, 2, 3, 4}
	advantages, targets := make([]float64, 3), make([]float64, 3)
	VTrace(rewards, gammas, lambdas, ratios, values, advantages, targets)
	// Step 2: rho 0.25, delta 0.25*(-1+4-3) = 0, target 3, advantage 0.25*(-1+4-3) = 0.
	// Step 1: rho 1, delta 2+0.9*3-2 = 2.7, target 2+2.7+0.9*0.5*1*0 = 4.7,
	// advantage 2+0.9*3-2 = 2.7.
	// Step 0: rho 0.5, delta 0.5*(1+0.5*2-1) = 0.5, target
	// 1+0.5+0.5*1*0.5*2.7 = 2.175, advantage 0.5*(1+0.5*4.7-1) = 1.175.
	wantFloats(t, "targets", targets, []float64{2.175, 4.7, 3})
	wantFloats(t, "advantages", advantages, []float64{1.175, 2.7, 0})
}

func TestVTraceOnPolicyIsGAE(t *testing.T) {
	rewards := []float64{1, 2, -1}
	gammas := []float64{0.5, 0.9, 1}
	lambdas := []float64{1, 0.5, 0.8}
	values := []float64{1, 2, 3, 4}
	targets := make([]float64, 3)
	VTrace(rewards, gammas, lambdas, []float64{1, 1, 1}, values, make([]float64, 3), targets)
	// deltas: 1+0.5*2-1 = 1; 2+0.9*3-2 = 2.7; -1+4-3 = 0.
	// A2 = 0; A1 = 2.7 + 0.9*0.5*0 = 2.7; A0 = 1 + 0.5*1*2.7 = 2.35.
	wantFloats(t, "targets", targets, []float64{1 + 2.35, 2 + 2.7, 3 + 0})
}

func TestStepsMayBeSplitWithoutChangingTheirReturn(t *testing.T) {
	// A cost of 1 a second over 10 s, in one step and in two.
	cost := func(tau float64) float64 { return (1 - discount(tau)) / env.DiscountRate }
	one := -cost(10) + discount(10)*5
	two := -cost(4) + discount(4)*(-cost(6)+discount(6)*5)
	if math.Abs(one-two) > 1e-12 {
		t.Errorf("in one step %v, in two %v", one, two)
	}
}

func TestTheReturnScaleIsTheRootMeanSquare(t *testing.T) {
	var s returnScale
	s.add(3)
	s.add(-4)
	if got, want := s.value(), math.Sqrt(12.5); math.Abs(got-want) > 1e-12 {
		t.Errorf("scale %v, want %v", got, want)
	}
	s = scaleFrom(2)
	if got := s.value(); math.Abs(got-2) > 1e-12 {
		t.Errorf("scale taken over is %v, want 2", got)
	}
	if scaled(-1000, 1) != -rewardLimit || scaled(1, 2) != 0.5 {
		t.Error("rewards are scaled, then clipped")
	}
}
