// Package app joins the parts into a tuner.
//
// # Model
//
// Core is the deterministic heart: inputs in, steps and commands out. It reads
// no clock and starts nothing but the learners' workers, whose results it takes
// at fixed steps. App is a Core with a broker, a clock, a journal, a store and
// an HTTP interface around it: it numbers and journals every input before the
// Core takes it, and every step after. Verify and Relearn drive a Core from
// a journal instead, and so find the same steps, byte for byte.
//
// A configuration is journalled together with the policy files that it names,
// so that a replay, and a restart, read none of them again.
//
// # Restart
//
// A Core's state is a function of the inputs it took. A restart loads the last
// good checkpoint, replays the journal's tail behind it, and consumes the
// metrics topic from where the last journalled message stood; until it has
// caught up with the topic's end it commands nothing.
//
// # Caveats
//
// The journal is flushed ten times a second. What was taken in the last tenth
// before a crash is read again from the topic, so it is decided again; the new
// commands carry a later epoch, so the agent takes them for what they are.
package app
