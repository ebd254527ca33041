package env

// Components are the parts of the cost, apart, so that other weights can be
// judged on the same log. Every part is >= 0; the reward is minus their
// weighted sum.
type Components struct {
	// Latency is the integral of outstanding events / reference rate, s of
	// delay (per s, once divided by the time).
	Latency float64
	// Empty counts triggers that found nothing.
	Empty float64
	// Batch counts batches run, no-data clean-up batches too; small ones more
	// than full ones where Settings.FullBatch says so.
	Batch float64
	// Backlog is the integral of max(0, time to work the outstanding off - B0)/B0, s.
	Backlog float64
	// Miss is the integral of events outstanding for longer than the target /
	// reference rate, s of delay.
	Miss float64
	// Switch counts commanded ladder steps.
	Switch float64
}

// Weights price the components: cost = sum of weight x component.
type Weights struct {
	Latency float64
	Empty   float64
	Batch   float64
	Backlog float64
	Miss    float64
	Switch  float64
}

// Add returns the sum of c and d.
func (c Components) Add(d Components) Components {
	return Components{
		Latency: c.Latency + d.Latency, Empty: c.Empty + d.Empty, Batch: c.Batch + d.Batch,
		Backlog: c.Backlog + d.Backlog, Miss: c.Miss + d.Miss, Switch: c.Switch + d.Switch,
	}
}

// Scale returns c with each part multiplied by f.
func (c Components) Scale(f float64) Components {
	return Components{
		Latency: c.Latency * f, Empty: c.Empty * f, Batch: c.Batch * f,
		Backlog: c.Backlog * f, Miss: c.Miss * f, Switch: c.Switch * f,
	}
}

// Cost is the weighted sum of c; the reward is its negative.
func (w Weights) Cost(c Components) float64 {
	return w.Latency*c.Latency + w.Empty*c.Empty + w.Batch*c.Batch +
		w.Backlog*c.Backlog + w.Miss*c.Miss + w.Switch*c.Switch
}
