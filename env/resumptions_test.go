package env

import (
	"testing"
	"time"
)

// awayRates are the rates of a query that had ten events a second for a day and then
// none for a minute.
func awayRates() *Rates {
	var r Rates
	r.Seconds(86400, 10)
	r.Observe(300, 3000)
	r.Observe(60, 0)
	return &r
}

func TestALoadThatStaysAwayIsExpectedBackEverLater(t *testing.T) {
	var r Resumptions
	before := r.Hazard()
	near(t, "the guess", before, 1.0/15)
	for range 600 {
		r.Observe(1, 0, awayRates())
		if now := r.Hazard(); now >= before {
			t.Fatalf("%v a second, %v before another second away", now, before)
		} else {
			before = now
		}
	}
	if before > 1.0/580 {
		t.Errorf("%v a second after ten minutes away", before)
	}
}

func TestALoadThatCameBackOftenIsExpectedBackSoon(t *testing.T) {
	var r Resumptions
	for range 20 {
		r.Observe(29, 0, awayRates())
		r.Observe(1, 9, awayRates())
	}
	if h := r.Hazard(); h < 0.9/30 || h > 1.1/30 {
		t.Errorf("%v a second, want about one in 30 s", h)
	}
}

func TestALoadThatHasNotCeasedTellsNothingOfReturns(t *testing.T) {
	var r Resumptions
	rates := awayRates()
	for range 20 { // it is back, first by the rate of 2 s, then by that of 15 s
		rates.Observe(1, 10)
		r.Observe(1, 10, rates)
	}
	if r != (Resumptions{}) {
		t.Errorf("%+v", r)
	}
	r.Observe(1, 10, &Rates{}) // nothing is known yet
	if r != (Resumptions{}) {
		t.Errorf("without a reference rate %+v", r)
	}
}

// idle is a tracker whose query found nothing at its triggers for so many
// seconds, after a day of ten events a second.
func idle(t *testing.T, seconds int, sighted bool) *Tracker {
	k := NewTracker("app/q", "run", nil, 0)
	k.Past(10, 24*time.Hour)
	k.Configure(settings(t), 2*time.Second)
	at := Time(0)
	if sighted {
		k.Arrived(at, 0, true)
	} else {
		k.TriggerStart(at, 0)
		k.TriggerEnd(at, Batch, at, 100, 10, false)
	}
	for range seconds {
		at = at.Add(1)
		if sighted {
			k.Arrived(at, 0, true)
			continue
		}
		k.TriggerStart(at, 0)
		k.TriggerEnd(at, Empty, at, 100, 0, false)
	}
	return k
}

func TestABlindQueryThatIsIdleIsTakenToHaveLessWaitingTheLongerItIsIdle(t *testing.T) {
	var soon, late Features
	for _, x := range []struct {
		seconds int
		f       *Features
	}{{60, &soon}, {3600, &late}} {
		o := idle(t, x.seconds, false).Tick(seconds(float64(x.seconds)+5), 0).Observation
		if o.ResumeHazard <= 0 {
			t.Fatalf("after %d s idle it is never expected back", x.seconds)
		}
		o.Features(x.f)
	}
	if soon[FeatureWaiting] <= late[FeatureWaiting]+1 || late[FeatureWaiting] <= -featureLimit {
		t.Errorf("waiting %v after a minute, %v after an hour", soon[FeatureWaiting], late[FeatureWaiting])
	}
}

func TestAQueryWhoseEndOffsetsAreSeenHasNothingUnseen(t *testing.T) {
	if o := idle(t, 60, true).Tick(seconds(60), 0).Observation; o.Sighted != 1 || o.ResumeHazard != 0 {
		t.Errorf("sighted %v, returning %v", o.Sighted, o.ResumeHazard)
	}
}

func TestANewRunExpectsTheLoadBackAsTheOneBeforeDid(t *testing.T) {
	k := NewTracker("app/q", "next", nil, 0)
	k.Inherit(idle(t, 600, false))
	if got, fresh := k.s.Resumptions.Hazard(), (&Resumptions{}).Hazard(); got >= fresh/10 {
		t.Errorf("%v a second, a fresh guess is %v", got, fresh)
	}
}
