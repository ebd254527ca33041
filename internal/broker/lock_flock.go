//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package broker

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// claim takes the file for this process alone.
func claim(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrFolderInUse
	}
	if err != nil {
		return fmt.Errorf("lock it: %w", err)
	}
	return nil
}
