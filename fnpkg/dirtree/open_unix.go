//go:build unix

package dirtree

import "syscall"

// dontBlock keeps an open from waiting, should a named pipe have taken the
// file's place.
const dontBlock = syscall.O_NONBLOCK
