// Package demo runs a real Spark job with the agent, an embedded broker and the
// tuner, and reports what tuning did.
//
// # Model
//
// Two halves meet the same load, made anew from the same seed: "before" at the
// job's configured interval (observe mode), "after" tuned (learn mode). The
// parity of the seed gives their order, odd seeds before first, so that a JVM
// that grows warm does not look like tuning. The first 30 s of each half are
// left out. One Spark query lives through both; between them the load pauses
// until everything has been taken.
//
// # Caveats
//
// One run is one sample on one machine that Spark, the broker and the tuner
// share. The demo's Spark runs in local mode; its batches are small.
package demo
