//go:build unix && !linux

package traefik

import "syscall"

// dieWithParent does nothing here: only Linux can end a program with its parent. After kill -9 of ours Traefik goes on.
func dieWithParent(*syscall.SysProcAttr) {}
