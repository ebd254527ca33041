package forecast

import (
	"math"
	"testing"

	"rubato/env"
)

// spoil makes a member say something impossible.
func spoil(e *Ensemble, m Member) {
	switch m {
	case MemberLSTM:
		e.s.Cell.H[3] = math.NaN()
	case MemberTuned:
		e.s.Head[Hidden][0] = math.Inf(1)
	case MemberAR:
		e.s.AR.W[1][0] = math.NaN()
	case MemberHolt:
		e.s.Holt.Trend = math.NaN()
	case MemberQuick:
		e.s.Means[0].Sum = 1e300
	}
}

func TestAMemberThatErrsIsLeftOutAndCountedAndComesBack(t *testing.T) {
	for _, m := range []Member{MemberLSTM, MemberTuned, MemberAR, MemberHolt, MemberQuick} {
		e := New()
		var rate, spread [3]float64
		step := func(s int) {
			e.Step(env.Time(s+1)*1e9, float64(100+s%5))
			e.Predict(&rate, &spread)
			for i := range rate {
				if !(rate[i] > 50 && rate[i] < 200 && spread[i] >= 0 && spread[i] < 200) {
					t.Fatalf("%s: forecast %v, spread %v", Members[m], rate, spread)
				}
			}
		}
		for s := range 200 {
			step(s)
		}
		if n := e.Drops()[m]; n != 0 {
			t.Fatalf("%s erred %d times on a calm load", Members[m], n)
		}
		spoil(e, m)
		step(200)
		if n := e.Drops()[m]; n != 1 || e.s.Out[m] == 0 {
			t.Errorf("%s: counted %d times, out for %d s", Members[m], n, e.s.Out[m])
		}
		for s := 201; s < 201+2*rest; s++ {
			step(s)
		}
		if n := e.Drops()[m]; n != 1 || e.s.Out[m] != 0 {
			t.Errorf("%s: counted %d times, out for %d s, a minute later", Members[m], n, e.s.Out[m])
		}
	}
}

func TestAfterAGapTheMembersWithAMemoryBeginAnew(t *testing.T) {
	e := New()
	for s := range 100 {
		e.Step(env.Time(s+1)*1e9, 10)
	}
	e.Step(1000e9, 10)
	for _, m := range []Member{MemberLSTM, MemberAR, MemberHolt, MemberSeasonal} {
		if e.Drops()[m] != 1 {
			t.Errorf("%s was not told of the gap", Members[m])
		}
	}
	if e.s.Seen != 1 {
		t.Errorf("%d seconds without a gap, want 1", e.s.Seen)
	}
}

func TestTheConformalQuantilesAreThoseOfTheWindow(t *testing.T) {
	var c Conformal
	for i := range 3000 { // the last 500 are spread evenly over -1 .. 1
		c.Add(float64(i*7919%500)/250 - 1)
	}
	levels, z := [4]float64{0.05, 0.1, 0.9, 0.95}, [4]float64{}
	c.Quantiles(&levels, &z)
	for i, q := range levels {
		if want := 2*q - 1; math.Abs(z[i]-want) > 0.03 {
			t.Errorf("quantile %v is %v, want %v", q, z[i], want)
		}
	}
}

func TestTheAutoregressionLearnsALinearRecurrence(t *testing.T) {
	var a AR
	x := func(s int) float64 { return 100 + 50*math.Sin(float64(s)/3) }
	var out [3]float64
	for s := range 600 {
		a.Step(x(s), 100, arForget)
		a.Ahead(&out)
		for i, h := range Horizons {
			if s > 300 && math.Abs(out[i]-x(s+h)) > 2 {
				t.Fatalf("%d s ahead of %d: %v, want %v", h, s, out[i], x(s+h))
			}
		}
	}
}

func TestTheAutoregressionOutlivesAnIdleNight(t *testing.T) {
	var a AR
	var out [3]float64
	for s := range 100000 {
		rate := 0.0
		if s > 90000 || s < 500 {
			rate = 100 + float64(s*7919%31)
		}
		a.Step(rate, 100, arForget)
		a.Ahead(&out)
		for i := range out {
			if !(out[i] >= 0 && out[i] < 2000) {
				t.Fatalf("second %d: %v", s, out)
			}
		}
	}
	if out[0] < 80 || out[0] > 160 {
		t.Errorf("forecast %v of a load about 115", out)
	}
}

func TestThePeriodIsFound(t *testing.T) {
	var s Seasonal
	var out [3]float64
	x := func(t int) float64 {
		if t%40 < 3 {
			return 500
		}
		return float64(t * 7919 % 11)
	}
	for i := range 1000 {
		s.Step(x(i))
	}
	s.Ahead(&out)
	if s.Period%40 != 0 || s.Period == 0 {
		t.Errorf("period %d s, want 40 or a multiple", s.Period)
	}
}
