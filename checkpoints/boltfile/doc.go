// Package boltfile keeps one bbolt file that one process writes: it says who
// holds the file, checks its structure before bbolt may trust it, and turns
// the faults of a damaged file into errors.
//
// # Model
//
// bbolt locks its file, so that a second process that opens it gets a time-out
// with no name in it. The process that holds a file for writing therefore
// notes its pid and host in a file beside it (path + ".holder", whose
// modification time is since when), and Open reads that note to say who it is.
//
// bbolt maps its file and follows page numbers without checking them: a file
// that was cut short ends in a SIGBUS, a flipped bit in a page number in an
// endless recursion. Open therefore walks the tree of pages by itself first
// (branch pages, the free list, and on request each leaf), and every
// transaction runs with memory faults turned into panics and panics into
// errors that wrap ErrDamaged.
//
// A path can name what is none of ours: a folder, a file of another kind, a bbolt
// file with other buckets. That is ErrForeign, and nobody may move it aside as
// damaged. A file counts as ours where bbolt's mark stands in a place of its own,
// or where there is nothing but zeros.
//
// # Caveats
//
// The walk does not check contents: owners keep a checksum on every value.
// After a transaction ended in ErrDamaged the file should be closed and not
// written again. Functions given to View and Update should not panic for
// reasons of their own: that would be reported as damage.
package boltfile
