// Package replay is the tuner's journal: every input in the order it was taken
// and every step that came of it, so that a run can be done over, byte for
// byte. A step has the components of its cost, each by itself: other weights can
// be judged by them.
//
// # Model
//
// One bbolt file of its own holds one increasing sequence of records, from 1.
// A record is an env.Input or a Step. Append encodes it into a buffer in
// memory; Flush writes all that is buffered in one transaction. The owner
// calls Flush from one goroutine, about ten times a second and before each
// checkpoint, so that a checkpoint never stands after a record that is lost.
//
// On disk records lie in blocks of about 4 KiB under the big-endian sequence
// of their first record:
//
//	block:   schema u8 | zero u8 | count u16 | frame...
//	frame:   length u32 | CRC-32C u32 | payload
//	payload: kind u8 | fields in the order of the struct
//
// The CRC starts from the record's sequence, its halves XORed, so that a record
// in another's place is found out. All numbers are little-endian; floats are
// their IEEE 754 bits, so that every value, NaN payloads too, comes back as it
// was; strings and bytes carry their length as u32. An encoding is canonical:
// what decodes encodes to the same bytes.
//
// The file is held near Options.MaxBytes: each Flush prunes the oldest blocks
// as needed and bbolt uses their pages again. The file never shrinks; for a
// smaller cap, start a new file.
//
// # Faults
//
// A failed Flush (a full disk) loses nothing: its error says why, the buffer is
// kept, and the next Flush tries again. Only when Options.MaxBuffer is reached
// is the whole buffer dropped and counted (Dropped); the sequence then has a gap,
// which a reader sees. What is damaged on disk ends Iterate with a *DamageError
// that names the records, after everything before them was given out.
//
// # Caveats
//
// Iterate sees flushed records only. Pruning knows nothing of checkpoints: a
// cap too small for the time between them leaves nothing to verify.
package replay
