// Package agent decides and learns: one Loop serves observe, learn and serve
// for several groups of queries, and what it learns with is here too.
//
// # Model
//
// A group is the queries that share a policy. In observe mode the loop decides
// and commands nothing; in learn mode it samples actions, commands them and
// updates the policy; in serve mode it takes the argmax of a frozen policy. A
// shield has the last word in all three.
//
// Cost is integrated over the time that passed between two ticks, and the
// discount of a step that took tau seconds is exp(-tau/60 s): the process is
// semi-Markov. The reward is minus the weighted cost in units of what the
// square-root rule costs the query (see natural), divided by the running deviation
// of the discounted return. Credit fades with time and not with decisions:
// lambda = exp(-tau/T), T = max(10 s, 3 I*, 2 batches), where I* is the
// square-root interval. A task never ends: every cut of a trajectory is
// bootstrapped from the critic.
//
// Live, a learner takes V-trace steps (Espeholt et al. 2018, rho = c = 1) from
// each chunk of 16 consecutive steps of one query and four replayed ones. What it
// starts from is made in the simulator, by package pretrain; FitCritic gives it
// a critic.
//
// Beside that each query's threshold is adapted, one number: every two minutes
// or later its last quarter of an hour is played again in a simulator fitted to
// it, with the threshold as it stands and moved a little, and it moves where that
// is surely cheaper (package threshold). The shift is part of the behaviour that
// V-trace corrects for. It is frozen with the policy, by query, and served.
//
// # Never late, and still the same
//
// An update runs on the learner's own goroutine. One that was made from the
// steps up to the group's k-th takes effect exactly at its step k + Delay,
// whenever it was ready, so decisions depend on no race. Loop.Late is asked then,
// and told whether it is ready: live it puts off what is not, and the application
// journals the answer; in a replay it answers from the journal, and where the
// journal has none the loop waits. A state saved while an update is
// in flight holds its batch, and a restored loop starts it again. A search for a
// threshold takes effect likewise, at the group's first step 5 s after it began.
//
// # Units
//
// Seconds, events, and natural units of cost. Features are dimensionless.
//
// # Caveats
//
// A Loop is one goroutine's. It reads no clock. Steps of a warming-up run,
// steps around a gap, and steps that were not commanded teach nothing. The
// thresholds of queries that share a driver are left alone: the fitted simulator
// knows one query. Where
// the shield overrode the policy, the critic learns and the actor does not.
package agent
