package sim

import (
	"math"
	"math/rand/v2"
)

// Workload is a named generator of loads.
type Workload struct {
	Name string
	// Bursty tells that its rate leaps within seconds.
	Bursty bool
	// New draws one load: its shape from rng, its mean rate about 1 event/s
	// (see Scaled). The same rng gives the same load.
	New func(rng *rand.Rand) Load
}

// workloads holds every workload, in the order of their names.
var workloads = []Workload{
	{"adaptivestream", true, adaptiveStream},
	{"bursts", true, randomBursts},
	{"diurnal", false, randomDiurnal},
	{"flash-crowd", true, randomFlashCrowd},
	{"idle-nights", false, randomIdleNights},
	{"iot-walk", true, iotWalk},
	{"on-off", true, randomOnOff},
	{"regime-shifts", false, randomRegimes},
	{"sensor-pulses", true, randomPulses},
	{"steady", false, func(*rand.Rand) Load { return Steady(1) }},
}

// Workloads returns every workload there is, sorted by name.
func Workloads() []Workload { return append([]Workload(nil), workloads...) }

// Scaled is the load with each rate multiplied by the given factor.
func Scaled(load Load, factor float64) Load { return scaled{load, factor} }

type scaled struct {
	Load
	factor float64
}

func (s scaled) Next(rng *rand.Rand) float64 { return s.factor * s.Load.Next(rng) }

// Mixed is the sum of some loads.
type Mixed []Load

// Next implements Load.
func (m Mixed) Next(rng *rand.Rand) float64 {
	sum := 0.0
	for _, l := range m {
		sum += l.Next(rng)
	}
	return sum
}

// Ragged is a load whose rate is multiplied, second by second, by log-normal
// noise of mean 1, correlated over Tau s: arrivals that clump more than a
// Poisson stream's.
type Ragged struct {
	Load
	// Sigma is the standard deviation of the noise's logarithm.
	Sigma, Tau float64

	z float64
}

// Next implements Load.
func (r *Ragged) Next(rng *rand.Rand) float64 {
	keep := math.Exp(-1 / max(r.Tau, 0.1))
	r.z = keep*r.z + math.Sqrt(1-keep*keep)*rng.NormFloat64()
	return r.Load.Next(rng) * math.Exp(r.Sigma*r.z-r.Sigma*r.Sigma/2)
}

// spread draws evenly in the logarithm.
func spread(rng *rand.Rand, lo, hi float64) float64 {
	return lo * math.Exp(rng.Float64()*math.Log(hi/lo))
}
