package catalog

import (
	"debug/buildinfo"
	"io"
)

// readOldBuildInfo reads the build information of a program built before Go
// 1.18, where it is spread over the file.
func readOldBuildInfo(r io.ReaderAt, size int64) (_ buildInfo, ok bool) {
	if size > oldProgramLimit {
		return buildInfo{}, false
	}
	// The parsers of executables have panicked on hostile headers before.
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	head := make([]byte, 64)
	if _, err := r.ReadAt(head, 0); err != nil {
		return buildInfo{}, false
	}
	hideSections(head)
	info, err := buildinfo.Read(withHead{r, head})
	if err != nil {
		return buildInfo{}, false
	}
	version := info.GoVersion
	info.GoVersion = "" // it is no line of the modules
	return buildInfo{version: version, modules: info.String()}, true
}

// hideSections removes the section table from an ELF header: it may claim
// compressed sections of any size, and segments are enough.
func hideSections(head []byte) {
	order := elfOrder(head)
	if order == nil {
		return
	}
	if head[4] == 2 {
		order.PutUint64(head[40:], 0)
		clear(head[58:64])
	} else {
		order.PutUint32(head[32:], 0)
		clear(head[46:52])
	}
}

// withHead is a file that begins with other bytes.
type withHead struct {
	io.ReaderAt
	head []byte
}

// ReadAt reads the head in place of the file's own first bytes.
func (f withHead) ReadAt(b []byte, offset int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(b, offset)
	if offset < int64(len(f.head)) {
		copy(b[:n], f.head[offset:])
	}
	return n, err
}
