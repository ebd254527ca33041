// Package checkpoints keeps what the tuner must remember over a restart: the
// state of learner, trackers and generators, and the positions in Kafka that
// it stands at, in one transaction of one bbolt file.
//
// # Model
//
// Save writes the checkpoint under the next sequence, then the name of the
// latest, then prunes to Options.Keep, all in ONE transaction: a process
// killed at any instruction leaves the old or the new, never a part. Each
// checkpoint is one value
//
//	"rubatock" | schema u32 | length of body u64 | SHA-256 of the rest | body
//	body: length of header u32 | header (JSON) | state
//
// with little-endian numbers. The state is the caller's, a sequence of named
// parts, JSON or bytes (AppendPart): the same state is the same bytes, so that
// StateHash of two runs over the same inputs compares equal. It is stored as it
// is: it is mostly floats, which compress little. A checkpoint of an older schema
// is refused by name, and the error says what to do (ErrOlder).
//
// # Faults
//
// Load falls back to the newest checkpoint whose checksum holds and names what
// it passed over. OpenOrRecover moves a file whose structure is broken aside
// (it is never deleted) and salvages from it every checkpoint that is still
// whole, wherever it lies in the file. A failed Save (a full disk) leaves the
// earlier checkpoints as they were.
//
// # Caveats
//
// One process writes; others get a *boltfile.HeldError that says which.
// ReadOnly opens beside other readers only, not beside the writer; Newest reads
// one checkpoint beside it, found by its checksum among the file's bytes.
package checkpoints
