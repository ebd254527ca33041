package jvm

import "syscall"

// ChildAttributes ties the child to us: the kernel kills it when we die, and
// a Ctrl-C in the terminal reaches us alone, so that we end it in order.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
