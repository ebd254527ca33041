package spark

import (
	"fmt"
	"math"
	"testing"
	"time"

	"rubato/policy/rules"
)

// BenchmarkForetold reports what the simulator says of the policy against the
// fixed intervals, of drivers on two cores, by window and by batch time: its
// cost over that of 1 s, the best of the grid there, and those of the next two,
// and of the best of some intervals between them, over the same.
//
//	go test -run '^$' -bench Foretold -benchtime 1x ./bench/spark
func BenchmarkForetold(b *testing.B) {
	for _, batch := range []time.Duration{200 * time.Millisecond, 260 * time.Millisecond, 320 * time.Millisecond} {
		for _, seed := range []uint64{5, 10, 11, 12} {
			b.Run(fmt.Sprintf("batch=%v/seed=%d", batch, seed), func(b *testing.B) {
				for b.Loop() {
					foretold(b, batch, seed)
				}
			})
		}
	}
}

func foretold(b *testing.B, batch time.Duration, seed uint64) {
	d, err := calibration(fits, "files", 2)
	if err != nil {
		b.Fatal(err)
	}
	d.Queries[0].Overhead = batch
	var mean, beside float64
	traces := Traces()
	for i := range traces {
		const length = 3 * time.Minute
		w, err := traces[i].Cut(recordings, seed, length-LeadIn)
		if err != nil {
			b.Fatal(err)
		}
		cost := func(rival string) float64 {
			p, err := predict(d, w, profile("balanced"), length, rival)
			if err != nil {
				b.Fatal(err)
			}
			return p.CostRate
		}
		best := cost("fixed-1s")
		for _, other := range []string{"fixed-500ms", "fixed-2s"} {
			b.ReportMetric(cost(other)/best, traces[i].Name+"-"+other+"/1s")
		}
		ratio := cost(Frozen) / best
		b.ReportMetric(ratio, traces[i].Name)
		mean += math.Log(ratio) / float64(len(traces))
		constant := best
		for _, interval := range []time.Duration{600 * time.Millisecond, 800 * time.Millisecond, 1250 * time.Millisecond} {
			p, err := predictBy(d, w, profile("balanced"), length, "fixed-"+interval.String(), func() (play, error) {
				return outright(func() rules.Rival { return rules.Constant(interval) })
			})
			if err != nil {
				b.Fatal(err)
			}
			constant = min(constant, p.CostRate)
		}
		b.ReportMetric(constant/best, traces[i].Name+"-best-constant/1s")
		beside += math.Log(ratio*best/constant) / float64(len(traces))
	}
	b.ReportMetric(math.Exp(mean), "all")
	b.ReportMetric(math.Exp(beside), "all/best-constant")
}
