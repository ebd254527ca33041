// Package train trains the LSTM of env/forecast with gorgonia.
//
// # Model
//
// 64 lanes follow random series (Series) of half an hour each. A step takes the
// next 30 s of every lane, carries the recurrent state over from the step before
// (truncated backpropagation through time), and moves all weights by Adam
// against the pinball loss of the 0.1, 0.5 and 0.9 quantiles at 1, 3 and 5 s,
// rounded off near 0 (pseudo-Huber) and divided by how much the lane's series
// moves. The step size rises to 5e-3 and falls along a cosine to 3e-4; gradients
// are clipped to norm 1.
//
// The loss and its derivative by the outputs are computed in plain Go, from the
// same forward pass that forecasts. The graph only carries that derivative back
// through the unrolled cells; tests hold it equal to the forward pass and to
// finite differences.
//
// # Caveats
//
// The same seed gives the same bits on machines of one architecture. A graph's
// nodes all have names, for gorgonia merges nodes that look alike; it is run once
// when built, for panics inside it cannot be caught later.
package train
