// Package learner tries other learners on the ground of agent/pretrain: other
// sizes of network, a memory, and other estimates of what an action is worth.
// The program beside it (bench/tuning/learners, `make bench-learners`) writes
// bench/results/learners.csv; bench/learners.md has the figures.
//
// # Model
//
// Whatever is learnt is added to the margin of the line that policies start from
// (policy.PriorLines), and begins as nothing. All variants of a seed learn from
// the same samples: states met on random drivers by the line, its threshold
// jittered, with what triggering and what waiting led to on the same arrivals and
// noise (pretrain.Scene.Branch). The shipped learner takes the difference of
// both; Hindsight takes which was better. The others see one of them, chosen by a
// coin of u = 1 or -1, and take 2 u (return - baseline), whose mean over the coin
// is the same difference whatever the baseline is: a critic's value of the state
// takes noise away and adds no bias, but for Bootstrapped, which takes the
// critic's word for all after the next trigger. Returns are differential, in
// shares of what the driver costs.
//
// The policy gradient of the advantages is followed for some epochs, and the
// epoch that is worth most on a fifth of the training drivers, put aside, is
// taken; the line itself, where none is better. Critics are chosen likewise.
//
// Judged is the argmax, in two ways. On held-out samples, by the advantage
// wherever it decides otherwise than the line: to the first order, the share of
// a driver's cost that is saved, if states were met as the jittered line meets
// them. And by playing it out on other held-out drivers, over the line's cost on
// the same arrivals: that is what counts.
//
// # Caveats
//
// One round of samples, not the rounds that agent/pretrain makes of ever better
// policies; and a comparison's end is where both branches are calm, which the
// learners that see one of them could not know. An asymmetric critic is told the
// true rates to come and what batches take, not the backlog of a blind query.
// Actors never see that. The real traces are never read.
package learner
