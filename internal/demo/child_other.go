//go:build !linux

package demo

import "syscall"

// childAttributes keeps a Ctrl-C in the terminal to us alone; the job ends
// with us because it watches its standard input.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
