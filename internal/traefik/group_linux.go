package traefik

import "syscall"

// dieWithParent makes the system end the program when the thread that started it ends, so that even a crash of ours
// leaves no orphan.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
