package spark

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// BenchmarkForetold reports what the simulator says of the policy against the
// fixed intervals, of drivers on two cores, by window and by batch time: its
// cost over the best fixed interval's, and those of the next two over the best.
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
	var mean float64
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
	}
	b.ReportMetric(math.Exp(mean), "all")
}
