package env

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMeterMatchesHandComputedIntegrals(t *testing.T) {
	var m Meter
	m.Start(10, 0.5, 0.01, 0, 1)
	m.Outstanding(0, 4, 0, 100) // 200 event-seconds; debt above 50 events, up to 0.5
	near(t, "latency", m.Plain.Latency, 20)
	near(t, "backlog", m.Plain.Backlog, 2*0.5/2)
	m.Late(0, 4, -50, 50) // positive for 2 s
	near(t, "miss", m.Plain.Miss, 5)
	m.Empty(60)
	m.Batch(120, 1)
	m.Switch(0, 2)
	near(t, "empty", m.Plain.Empty, 1)
	near(t, "empty, discounted", m.Discounted.Empty, math.Exp(-1))
	near(t, "batch, discounted", m.Discounted.Batch, math.Exp(-2))
	near(t, "switch", m.Discounted.Switch, 2)
}

func TestMeterDiscountsAsTheCostFalls(t *testing.T) {
	var m Meter
	m.Start(1, 0, 0, 0, 0)
	m.Outstanding(30, 60, 7, 7) // integral of 7 exp(-t/60) from 30 to 90
	near(t, "constant", m.Discounted.Latency, 7*60*(math.Exp(-0.5)-math.Exp(-1.5)))
	m.Start(1, 0, 0, 0, 0)
	m.Outstanding(0, 60, 0, 60) // integral of t exp(-t/60) to 60
	near(t, "ramp", m.Discounted.Latency, 3600*(1-2/math.E))
}

// trapezoids integrates max(0, f) numerically.
func trapezoids(f func(x float64) float64, dt float64) (plain, disc float64) {
	const n = 4000
	for i := range n {
		x := (float64(i) + 0.5) * dt / n
		plain += f(x) * dt / n
		disc += f(x) * math.Exp(-DiscountRate*x) * dt / n
	}
	return plain, disc
}

func TestMeterAgreesWithNumericalIntegration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n0, n1 := rapid.Float64Range(-100, 1000).Draw(t, "n0"), rapid.Float64Range(-100, 1000).Draw(t, "n1")
		dt := rapid.OneOf(rapid.Float64Range(0.001, 1), rapid.Float64Range(1, 100)).Draw(t, "dt")
		limit := rapid.SampledFrom([]float64{0, 50, 400}).Draw(t, "cap")
		var m Meter
		m.Start(rapid.Float64Range(0.1, 100).Draw(t, "reference"), rapid.Float64Range(0, 2).Draw(t, "a"),
			rapid.Float64Range(0, 0.01).Draw(t, "b"), limit, rapid.Float64Range(0.5, 5).Draw(t, "grace"))
		m.Outstanding(0, dt, n0, n1)
		n := func(x float64) float64 { return n0 + (n1-n0)*x/dt }
		coarse := 0.3 * dt * ((math.Abs(n0)+math.Abs(n1))/m.Reference + m.Debt(1000))
		check := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-3*max(want, coarse) {
				t.Fatalf("%s = %v, want %v", what, got, want)
			}
		}
		plain, disc := trapezoids(func(x float64) float64 { return max(n(x), 0) / m.Reference }, dt)
		check("latency", m.Plain.Latency, plain)
		check("discounted latency", m.Discounted.Latency, disc)
		plain, disc = trapezoids(func(x float64) float64 { return m.Debt(n(x)) }, dt)
		check("backlog", m.Plain.Backlog, plain)
		check("discounted backlog", m.Discounted.Backlog, disc)
	})
}

func TestDiscountIsSmoothWhereTheSeriesBegins(t *testing.T) {
	for _, dt := range []float64{0.5999999, 0.6000001} {
		_, disc := linear(0, dt, 1, 3)
		r := DiscountRate
		e := math.Exp(-r * dt)
		want := (1-e)/r + 2/dt*((1-e)/(r*r)-dt*e/r)
		if math.Abs(disc/want-1) > 1e-11 {
			t.Errorf("over %v s: %v, want %v", dt, disc, want)
		}
	}
}
