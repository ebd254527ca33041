package sim

import "math/rand/v2"

// AdaptiveStream is the burst generator of the system of that name: in windows
// of 300 s, each second between bursts begins one with the given probability
// where 30 s are left; it ramps to Multiple x Base in 10 s, holds it for 10 s
// and ramps back in 10 s. Every second has Gaussian noise, and at least Least
// events/s.
type AdaptiveStream struct {
	Base, Multiple, Probability, Noise, Least float64

	second, burst int
}

// Next implements Load.
func (a *AdaptiveStream) Next(rng *rand.Rand) float64 {
	const window, length = 300, 30
	at := a.second % window
	a.second++
	if a.burst == 0 && at+length <= window && rng.Float64() < a.Probability {
		a.burst = length
	}
	level := 0.0
	if a.burst > 0 {
		in := float64(length - a.burst)
		level = min(in/10, 1, (length-in)/10)
		a.burst--
	}
	return max(a.Base*(1+(a.Multiple-1)*level)+a.Noise*rng.NormFloat64(), a.Least)
}

// adaptiveStream is the generator as published: base 100, eight times, a burst
// with 0.1 a second, noise 10, in units of its mean rate.
func adaptiveStream(*rand.Rand) Load {
	const mean = 438
	return &AdaptiveStream{Base: 100. / mean, Multiple: 8, Probability: 0.1, Noise: 10. / mean, Least: 1. / mean}
}

// randomBursts draws bursts of any height, ramp, length and frequency, each
// burst jittered by half on top.
func randomBursts(rng *rand.Rand) Load {
	multiple, probability := spread(rng, 1.5, 16), spread(rng, 0.003, 0.1)
	ramp, hold := spread(rng, 1, 20), spread(rng, 1, 20)
	share := probability * (ramp + hold) / (1 + probability*(2*ramp+hold))
	base := 1 / (1 + share*(multiple-1))
	return &Bursty{
		Base: base, Multiple: multiple, Probability: probability,
		Ramp: ramp, Hold: hold, Jitter: 0.5, Noise: 0.1 * base,
	}
}

// randomOnOff draws a load that is on for 2 to 60 s and off for 2 to 120 s on
// the mean.
func randomOnOff(rng *rand.Rand) Load {
	on, off := spread(rng, 2, 60), spread(rng, 2, 120)
	return &OnOff{Rate: (on + off) / on, On: on, Off: off}
}

// Walk is the trace of a serverless IoT framework: with probability 0.2 a
// second the rate doubles to quadruples (to Most at the most), else it moves
// by a fifth at the most, and stays above Least.
type Walk struct {
	Rate, Least, Most float64
}

// Next implements Load.
func (w *Walk) Next(rng *rand.Rand) float64 {
	if rng.Float64() < 0.2 {
		w.Rate = min(w.Most, w.Rate*(2+2*rng.Float64()))
	} else {
		w.Rate = min(max(w.Rate*(0.8+0.4*rng.Float64()), w.Least), w.Most)
	}
	return w.Rate
}

// iotWalk is the walk as published, 10 to 900 events/s from 10 to 200, in
// units of its mean rate.
func iotWalk(rng *rand.Rand) Load {
	const mean = 804
	return &Walk{Rate: (10 + 190*rng.Float64()) / mean, Least: 10. / mean, Most: 900. / mean}
}

// FlashCrowd is a steady rate to which crowds come all at once: each rises to
// Height x Base in Rise s and fades with the time constant Fade s.
type FlashCrowd struct {
	Base, Height, Rise, Fade float64
	// Every is the mean time from the end of one rise to the next crowd, s.
	Every float64

	level, rise float64 // events/s above the base; s left of the rise
}

// Next implements Load.
func (f *FlashCrowd) Next(rng *rand.Rand) float64 {
	if f.rise <= 0 && rng.Float64()*f.Every < 1 {
		f.rise = f.Rise
	}
	if f.rise > 0 {
		part := min(f.rise, 1)
		f.level += f.Base * f.Height * part / f.Rise
		f.rise -= part
	} else {
		f.level -= f.level / max(f.Fade, 1)
	}
	return f.Base + f.level
}

func randomFlashCrowd(rng *rand.Rand) Load {
	f := &FlashCrowd{Height: spread(rng, 3, 40), Rise: spread(rng, 1, 10), Fade: spread(rng, 5, 90), Every: spread(rng, 60, 600)}
	f.Base = 1 / (1 + f.Height*(f.Rise/2+f.Fade)/(f.Every+f.Rise))
	return f
}

// Pulses are devices that report together: each Period s, for Width s, and
// hardly anything in between.
type Pulses struct {
	Period, Width, Jitter float64 // s
	High, Low             float64 // events/s

	at, next float64 // s
}

// Next implements Load.
func (p *Pulses) Next(rng *rand.Rand) float64 {
	if p.at >= p.next+p.Width {
		p.next += max(p.Period+p.Jitter*rng.NormFloat64(), p.Width+1)
	}
	share := max(min(p.at+1, p.next+p.Width)-max(p.at, p.next), 0)
	p.at++
	return p.Low + share*p.High
}

func randomPulses(rng *rand.Rand) Load {
	period, width := spread(rng, 4, 90), spread(rng, 0.3, 3)
	low := 0.2 * rng.Float64()
	return &Pulses{
		Period: period, Width: width, Jitter: spread(rng, 0.01, 0.1) * period,
		High: (1 - low) * period / width, Low: low, next: period * rng.Float64(),
	}
}
