package tuning

import (
	"errors"
	"fmt"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// countSeconds takes down the arrivals of each query in each second: any run of
// the driver tells them.
func countSeconds(d sim.Driver, length time.Duration) ([][]float64, error) {
	d.Queries = append([]sim.Config(nil), d.Queries...)
	all := make([][]float64, len(d.Queries))
	for i := range d.Queries {
		seconds := make([]float64, int(length/time.Second)+2)
		all[i] = seconds
		d.Queries[i].Forecaster = nil
		d.Queries[i].OnArrival = func(at env.Time, n float64) { seconds[second(at)] += n }
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		return nil, fmt.Errorf("counting a driver's arrivals: %w", err)
	}
	s.Run()
	return all, nil
}

// second is the number of the second that at falls into.
func second(at env.Time) int { return int(at / 1e9) }

// foretold is a forecaster that knows what each second will bring.
type foretold struct {
	seconds []float64 // events
	next    int       // second
}

func (f *foretold) Step(t env.Time, _ float64) { f.next = second(t) }

func (f *foretold) Predict(rate, spread *[3]float64) {
	*rate, *spread = [3]float64{}, [3]float64{}
	for i, ahead := range [3]int{1, 3, 5} {
		if at := f.next + ahead - 1; at < len(f.seconds) {
			rate[i] = f.seconds[at]
		}
	}
}

func (f *foretold) CopyFrom(from env.Forecaster) {
	if x, ok := from.(*foretold); ok {
		*f = *x
	}
}

// AppendBinary and UnmarshalBinary fail: no checkpoint holds the future.
func (f *foretold) AppendBinary([]byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func (f *foretold) UnmarshalBinary([]byte) error { return errors.ErrUnsupported }
