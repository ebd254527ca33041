//go:build !linux

package boltfile

// Forget lets go of the file's pages that transactions have read, where the
// system can be told so.
func (f *File) Forget() error { return nil }
