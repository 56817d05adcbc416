package ociimage

import (
	"fmt"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxSteps bounds what walking paths costs in one image, in path elements:
// links that lead to links and directories that are emptied again and again
// multiply. Ordinary images stay far below.
const maxSteps = 100_000_000

// meter counts what the layers of one image take together.
type meter struct {
	limits  fnpkg.Limits
	entries int64
	headers int64 // bytes of names and link targets, in layers and in the list of entries
	total   int64 // bytes of files
	stream  int64 // bytes of tar archives
	stored  int64 // bytes of layers, as stored, that were begun
	steps   int64
}

// entry counts an entry, or a directory that an entry implies.
func (m *meter) entry() error {
	if m.entries++; m.limits.Entries > 0 && m.entries > m.limits.Entries {
		return &fnpkg.LimitError{What: "entries of all layers", Limit: m.limits.Entries, Got: m.entries, Flag: fnpkg.FlagMaxEntries}
	}
	return nil
}

// header counts an entry's name, link target and size.
func (m *meter) header(name, link string, size int64) error {
	if err := m.entry(); err != nil {
		return err
	}
	if err := m.path(max(len(name), len(link))); err != nil {
		return err
	}
	if err := m.names(len(name) + len(link)); err != nil {
		return err
	}
	if m.limits.EntryBytes > 0 && size > m.limits.EntryBytes {
		return &fnpkg.LimitError{What: fmt.Sprintf("bytes of %q", name), Limit: m.limits.EntryBytes, Got: size, Flag: fnpkg.FlagMaxEntryBytes}
	}
	return nil
}

// path checks the length of one path.
func (m *meter) path(length int) error {
	if got := int64(length); m.limits.PathBytes > 0 && got > m.limits.PathBytes {
		return &fnpkg.LimitError{What: "bytes of one path", Limit: m.limits.PathBytes, Got: got, Flag: fnpkg.FlagMaxPathBytes}
	}
	return nil
}

// names counts n bytes of names that are held in memory.
func (m *meter) names(n int) error {
	if m.headers += int64(n); m.limits.HeaderBytes > 0 && m.headers > m.limits.HeaderBytes {
		return &fnpkg.LimitError{What: "bytes of all names", Limit: m.limits.HeaderBytes, Got: m.headers, Flag: fnpkg.FlagMaxHeaderBytes}
	}
	return nil
}

// bytes counts n bytes of file content, or of a tar archive where isStream is
// set. Content is counted apart because a sparse file has more of it than the
// archive that holds it.
func (m *meter) bytes(n int, isStream bool) error {
	count := &m.total
	if isStream {
		count = &m.stream
	}
	*count += int64(n)
	if m.limits.TotalBytes > 0 && *count > m.limits.TotalBytes {
		return &fnpkg.LimitError{What: "uncompressed bytes of all layers", Limit: m.limits.TotalBytes, Got: *count, Flag: fnpkg.FlagMaxTotalBytes}
	}
	if m.limits.Ratio > 0 && *count > fnpkg.RatioFloor && *count/m.limits.Ratio >= m.stored {
		return &fnpkg.LimitError{What: "uncompressed bytes per byte of the image's layers", Limit: m.limits.Ratio, Got: *count / max(1, m.stored), Flag: fnpkg.FlagMaxRatio}
	}
	return nil
}

// walk counts n path elements that were walked.
func (m *meter) walk(n int) error {
	if m.steps += int64(n); m.steps > maxSteps {
		return &fnpkg.LimitError{What: "steps in walking paths", Limit: maxSteps, Got: m.steps}
	}
	return nil
}
