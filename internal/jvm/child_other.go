//go:build !linux

package jvm

import "syscall"

// ChildAttributes keeps a Ctrl-C in the terminal to us alone. A child that must not
// outlive us has to watch its standard input, as the sample jobs do.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
