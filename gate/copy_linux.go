package gate

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// create makes an anonymous file in memory. Its path leads through this
// process, so that it works for the command's own children as well, which need
// not inherit anything; it lasts as long as this process waits.
func create() (*Copy, error) {
	fd, err := unix.MemfdCreate("fnseal", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return createTemp() // a sandbox without memory files
	}
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
	c := &Copy{Path: path, f: os.NewFile(uintptr(fd), path)}
	if _, err := os.Stat(path); err != nil { // no /proc
		c.f.Close()
		return createTemp()
	}
	return c, nil
}

// protect seals the copy: from here on neither its owner nor this process can
// write to it, or take the seals off.
func (c *Copy) protect() error {
	if c.remove {
		return nil
	}
	_, err := unix.FcntlInt(c.f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	return err
}
