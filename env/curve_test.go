package env

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestCurveIsLinearBetweenItsPoints(t *testing.T) {
	var c Curve
	near(t, "empty", c.At(5), 0)
	c.Append(1e9, 10)
	c.Append(3e9, 20)
	c.Append(5e9, 20)
	c.Append(6e9, 50)
	near(t, "before", c.At(0), 10)
	near(t, "at 2 s", c.At(2e9), 15)
	near(t, "flat at 4 s", c.At(4e9), 20)
	near(t, "at 5.5 s", c.At(55e8), 35)
	near(t, "after", c.At(9e9), 50)
	near(t, "crossing 15", float64(c.Crossing(15)), 2e9)
	near(t, "leaving 20", float64(c.Crossing(20)), 5e9)
	near(t, "below all", float64(c.Crossing(1)), 1e9)
	near(t, "never", float64(c.Crossing(50)), 6e9)
	c.Trim(45e8)
	near(t, "at 4.5 s, trimmed", c.At(45e8), 20)
	near(t, "at 5.5 s, trimmed", c.At(55e8), 35)
	if c.Len() != 3 {
		t.Errorf("%d points left, want 3", c.Len())
	}
}

type curvePoint struct{ t, v int64 }

func TestCurveNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Curve
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) curvePoint {
			return curvePoint{rapid.Int64Range(-5, 50).Draw(t, "t"), rapid.Int64Range(-5, 20).Draw(t, "v")}
		}), 1, 1200).Draw(t, "moves")
		var at, v, top int64
		for _, p := range points {
			at, v = max(at+p.t, 0), v+p.v
			c.Append(Time(at), float64(v))
			top = max(top, v)
			if _, last := c.Last(); last < float64(v) {
				t.Fatalf("lost %d", v)
			}
		}
		if c.Len() > curvePoints {
			t.Fatalf("%d points", c.Len())
		}
		for i := 1; i < c.Len(); i++ {
			t0, v0 := c.point(i - 1)
			t1, v1 := c.point(i)
			if t1 <= t0 || v1 < v0 {
				t.Fatalf("from (%v, %v) to (%v, %v)", t0, v0, t1, v1)
			}
			if mid := c.At((t0 + t1) / 2); mid < v0 || mid > v1 {
				t.Fatalf("between %v and %v: %v", v0, v1, mid)
			}
			level := (v0 + v1) / 2
			if x := c.Crossing(level); v1 > v0 && (x < t0 || x > t1) {
				t.Fatalf("crosses %v at %v, not within %v and %v", level, x, t0, t1)
			}
		}
	})
}

func TestCurveSavesExactly(t *testing.T) {
	var c Curve
	for i := range 700 {
		c.Append(Time(i*i), math.Sqrt(float64(i)))
	}
	c.Trim(40000)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var d Curve
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	for i := range 900 { // over the next merges too
		c.Append(Time(1e6+i*i), 100+math.Sqrt(float64(i)))
		d.Append(Time(1e6+i*i), 100+math.Sqrt(float64(i)))
	}
	x, errX := json.Marshal(c)
	y, errY := json.Marshal(d)
	if errX != nil || errY != nil || string(x) != string(y) {
		t.Error("read back, it goes another way")
	}
}

func TestCurveRefusesDamage(t *testing.T) {
	for name, text := range map[string]string{
		"times without values": `{"at":"AAAAAAAAAAA=","value":""}`,
		"half a number":        `{"at":"AAAA","value":"AAAA"}`,
		"not a number":         `{"at":"AAAAAAAAAAA=","value":"AAAAAAAA+H8="}`,
		"no time passes":       `{"at":"AAAAAAAAAAAAAAAAAAAAAA==","value":"AAAAAAAAAAAAAAAAAAAAAA=="}`,
		"not an object":        `[]`,
	} {
		var c Curve
		if err := json.Unmarshal([]byte(text), &c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
