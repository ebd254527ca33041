package boltfile

import (
	"fmt"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// Forget lets go of the file's pages that transactions have read: they count
// as the process's resident memory, up to the whole file, until the kernel
// wants them back. They are read again when they are needed.
func (f *File) Forget() error {
	return f.View(func(tx *bolt.Tx) error { // its lock holds the map in place
		size := uintptr(tx.Size()) // never beyond the map
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, f.db.Info().Data, size, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("let go of %d mapped bytes: %w", size, errno)
		}
		return nil
	})
}
