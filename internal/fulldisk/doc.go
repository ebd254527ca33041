// Package fulldisk lets a test meet a full disk: the process's own limit on the
// size of its files, beyond which writes fail (EFBIG) as they do where there is
// no room.
//
// The limit holds for the whole process, and so for what the test binary writes
// itself meanwhile (go test's log of opened files): a test that sets one runs
// Alone.
package fulldisk
