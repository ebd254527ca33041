package tuning

import (
	"math"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

func TestTheHouseAsItIsStandsWhereItStands(t *testing.T) {
	as, same := Variants()[0], Variant{Name: "the same", Ratio: env.Ratio, Period: env.DefaultPeriod}
	all, err := Ablate(sim.Sighted, 1, 2, 2*time.Minute, []Variant{as, same, {Name: "slow", Period: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(all[0].Rule-1) > 1e-12 || all[1].Line != all[0].Line || all[1].Rule != all[0].Rule || all[1].Error != 0 {
		t.Errorf("the same house gave %+v", all)
	}
	if all[2].Line == all[0].Line {
		t.Error("slow ticks changed nothing")
	}
}

func TestAVariantsLadderHasItsRatioAndItsEnds(t *testing.T) {
	l, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	v := Variant{Ratio: 2}
	got, err := v.ladder(l)
	if err != nil || got.Len() != 10 || got.Interval(1) != 200*time.Millisecond || got.Interval(9) != 30*time.Second {
		t.Errorf("%d rungs, %v", got.Len(), err)
	}
}
