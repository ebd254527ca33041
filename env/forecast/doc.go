// Package forecast predicts a query's arrival rate 1, 3 and 5 s ahead, behind
// env.Forecaster.
//
// # Model
//
// Holt is a damped linear trend (Gardner and McKenzie 1985) on the rates of
// whole seconds: a level l and a trend b a second,
//
//	l' = l + phi b + alpha e,  b' = phi b + alpha beta e,  e = x - (l + phi b)
//
// and the forecast h seconds ahead is l + b (phi + ... + phi^h), held to 0 and
// to a multiple of what was seen lately. Each forecast is kept until its second
// has come; the spread is a running 0.8 quantile of its absolute error, moved
// by stochastic approximation in steps of the scale of the load (a causal slow
// mean of 300 s, so nothing of the future leaks into it).
//
// # Units
//
// Rates are events/s. Horizons count from the last second stepped.
//
// # Caveats
//
// The spread is a marginal one: it is not wider in a burst than the errors of
// the last minutes were. The first forecasts, before a second has passed, are 0.
package forecast
