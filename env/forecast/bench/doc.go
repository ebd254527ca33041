// Package bench judges forecasters of arrival rates side by side, on the
// simulator's workloads and on traces.
//
// # Model
//
// Every model sees the same counts second by second and says, at the end of
// each, the rate 1, 3 and 5 s ahead and its 80 and 90 % intervals. The first 300
// seconds of a series only warm the models up. A model that says a point alone
// gets its intervals from its own last 500 errors, in scales of the load, as the
// ensemble's are.
//
// # Units
//
// Rates are events/s. MASE is the mean absolute error over that of the last
// value one second ahead on the same seconds (Hyndman and Koehler 2006). Pinball
// is the mean over the quantiles 0.1, 0.5 and 0.9. Coverage is the share of
// seconds inside the 90 % interval. A second is in a transition where the mean
// rate of the load (for a trace, its own count, scaled) moves by more than a fifth
// of its slow mean (tau 300 s) within the next 5 s.
//
// # Caveats
//
// What is forecast is the count, noise and all: on a steady Poisson stream no
// model can be better than the mean. Traces are for judging: nothing here, nor in
// env/forecast/train, chooses anything by them.
package bench
