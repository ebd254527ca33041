package pretrain

import (
	"math"
	"testing"
	"time"

	"rubato/env"
)

func TestTheArmsDifferByTheAdvantage(t *testing.T) {
	for _, kind := range Kinds {
		var ab, aa, bb float64
		n, ends := 0, 0
		for seed := range uint64(6) {
			sc := Scene{Kind: kind, Seed: seed, Typical: true}
			err := sc.Branch(3*time.Minute, 20, nil, func(tick *env.Tick, x *Comparison) {
				a, b := x.Advantage, (x.Trigger.Return-x.Wait.Return)*x.Counts
				ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
				n++
				for _, arm := range []*Arm{&x.Trigger, &x.Wait} {
					if !(arm.Cost >= 0) || arm.Ended && arm.At < tick.At {
						t.Fatalf("arm %+v at %v", arm, tick.At)
					}
					if arm.Ended {
						ends++
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if like := ab / math.Sqrt(aa*bb); n < 20 || ends < n || like < 0.8 {
			t.Errorf("%v: %d comparisons, %d ends, likeness %v", kind, n, ends, like)
		}
	}
}
