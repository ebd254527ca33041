// Package forecast predicts a query's arrival rate 1, 3 and 5 s ahead, behind
// env.Forecaster. New returns the forecaster in use, an Ensemble.
//
// # Model
//
// Each second the members of the ensemble say the rate of each horizon:
//
//   - an LSTM of 32 units (Hochreiter and Schmidhuber 1997), trained beforehand
//     on random series (package train) and carried by the binary. It sees the
//     load in scales, a causal slow mean of 300 s, and says the change from the
//     last rate and its 0.1 and 0.9 quantiles, which cannot cross;
//   - the same LSTM with a head that learns on, second by second, by gradient
//     steps of its own median's rounded absolute error. That costs no more than
//     another forecast, so it happens in every mode and never blocks anything;
//   - AR, a direct autoregression of order 30 by recursive least squares;
//   - Holt, a damped linear trend (Gardner and McKenzie 1985): a level l and a
//     trend b, l' = l + phi b + alpha e, b' = phi b + alpha beta e, where
//     e = x - (l + phi b), and b (phi + ... + phi^h) more h seconds ahead;
//   - the last rate; means over some 3, 20 and 300 s; and Seasonal, what was one
//     period ago, the period found as it goes.
//
// Their mixture is weighted for each horizon by exponential weights on their
// late errors with a fixed share (Herbster and Warmuth 1998). The interval about
// it has the LSTM's widths, recalibrated on the last 500 residuals (Conformal).
// A member that says nothing finite, or more than eight times what was seen in
// the last half hour, is left out for 30 s, begins anew, and is counted (Drops).
// After a gap in the seconds, members with a memory begin anew likewise.
//
// Everything is a pure function of the rates stepped: no clock, no randomness,
// no goroutine, no allocation; a step takes less than 10 microseconds.
//
// # Units
//
// Rates are events/s. Horizons count from the last second stepped.
//
// # Caveats
//
// It predicts the median, which is what a mean absolute error asks for: where a
// burst may or may not come, it says none until it is likelier than not. The
// first forecasts, before a second has passed, are 0. A saved state (16 KB for an
// Ensemble) is bound to this version's layout, and refused by name elsewhere; one
// saved under other weights goes on without what the LSTM remembered.
// bench/forecast.md has what all this is worth.
package forecast
