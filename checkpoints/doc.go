// Package checkpoints keeps the tuner's state in one bbolt file.
//
// # Model
//
// A checkpoint is all that a tuner needs to go on: its canonical state, the
// Kafka positions that the state belongs to, and the journal's record after
// which it stands. Save writes one in ONE transaction, with a schema version
// and a SHA-256, then prunes to the last few. Load takes the newest that is
// whole and names those that are not.
//
// # Units
//
// Sequences count checkpoints from 1; positions are the offsets of the next
// messages to take.
//
// # Caveats
//
// One process writes a store; a second one is told who holds it. A file whose
// structure is damaged is moved aside by OpenOrRecover, never deleted.
package checkpoints
