package spark

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
)

func TestTheClockIsTheFastestWayThrough(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		skew := rapid.Int64Range(-1e18, 1e18).Draw(rt, "skew")
		var c Clock
		now := origin
		for range 200 {
			now += 1e9
			delay := rapid.Int64Range(1e5, 5e7).Draw(rt, "delay")
			c.Observe(now+env.Time(delay), int64(now)+skew)
		}
		now += 1e9
		c.Observe(now+1e5, int64(now)+skew)
		if off := int64(c.Time(int64(now)+skew) - now); off < 0 || off > 1e5 {
			rt.Fatalf("off by %d ns after a message that took 100 us", off)
		}
	})
}

func TestTheClockFollowsDrift(t *testing.T) {
	var c Clock
	const drift = 50e-6
	var off float64
	for i := range 7200 {
		now := at(float64(i))
		mono := int64(float64(i) * 1e9 * (1 - drift))
		c.Observe(now+1e6, mono)
		off = c.Time(mono).Sub(now)
	}
	if math.Abs(off) > 0.002 {
		t.Errorf("off by %v s after two hours of drift", off)
	}
}

func TestAStoppedClockIsTakenAnew(t *testing.T) {
	var c Clock
	c.Observe(origin, 0)
	resets := 0
	for i := range 60 { // the driver slept for an hour, its clock with it
		if c.Observe(at(3600+float64(i)), int64(i)*1e9) {
			resets++
		}
	}
	if off := c.Time(59e9).Sub(at(3659)); resets != 1 || math.Abs(off) > 0.01 {
		t.Errorf("taken anew %d times, off by %v s", resets, off)
	}
}

func TestMessagesThatWaitedInAQueueDoNotMoveTheClock(t *testing.T) {
	var c Clock
	c.Observe(origin, 0)
	for i := range 300 { // five minutes of a broker gone, all at once
		if c.Observe(at(300), int64(i)*1e9) {
			t.Fatal("taken anew")
		}
	}
	if off := c.Time(10e9).Sub(at(10)); math.Abs(off) > 0.05 {
		t.Errorf("off by %v s", off)
	}
}
