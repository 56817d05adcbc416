package fnpkg

import (
	"errors"
	"io"
	"io/fs"
	"time"
)

// Content is the lazily read content of one entry. Random access is offered
// because the formats inside (ELF, jar) need it; readers that hold compressed
// content inflate it at most once and only when it is asked for.
type Content interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer
}

// Entry is one file, directory or link of a package. Its metadata comes from
// headers alone; content is read through Open.
type Entry struct {
	// Path is slash-separated and relative to the package's root, without a
	// leading "./", a trailing slash or ".." elements. An entry whose name as
	// written in the package cannot be brought into that form has a hazard
	// and keeps its name, cleaned of what would leave the root.
	Path string

	// Mode holds the type bits, the setuid, setgid and sticky bits, and the
	// permissions.
	Mode fs.FileMode

	// Size is the length of the content in bytes, as the headers state it.
	Size int64

	// ModTime is the entry's modification time read as UTC where the format
	// names no zone; zero where there is none.
	ModTime time.Time

	// LinkTarget is the text of a symbolic link, empty for other entries.
	LinkTarget string

	open func() (Content, error)

	file   digested // what the content lies in, nil if nothing stands for it
	number int64
}

// digested is what a file has that entries lie in: its digest, where that was
// computed.
type digested interface {
	KnownDigest() (Digest, bool)
}

// NewEntry returns e with open as the way to its content; only readers of a
// format call it. open may be nil for entries that have no content.
func NewEntry(e Entry, open func() (Content, error)) Entry {
	e.open = open
	return e
}

// ErrNoContent is returned by Entry.Open for a directory or a special file.
var ErrNoContent = errors.New("entry has no content")

// Open returns the content of a regular file. It yields exactly e.Size bytes
// or an error: content that is shorter or longer than its header says, or
// whose checksum differs, fails with a *FormatError on the read that shows it.
func (e Entry) Open() (Content, error) {
	if e.open == nil {
		return nil, &fs.PathError{Op: "open", Path: e.Path, Err: ErrNoContent}
	}
	return e.open()
}

// IsRegular reports whether the entry is a plain file.
func (e Entry) IsRegular() bool { return e.Mode.IsRegular() }

// IsDir reports whether the entry is a directory.
func (e Entry) IsDir() bool { return e.Mode.IsDir() }

// IsLink reports whether the entry is a symbolic link.
func (e Entry) IsLink() bool { return e.Mode.Type() == fs.ModeSymlink }

// Executable reports whether any execute bit of a regular file is set.
func (e Entry) Executable() bool { return e.IsRegular() && e.Mode.Perm()&0o111 != 0 }

// Place names the content of an entry for good: by the digest of the file it is
// kept in, and where in it. Entries of one place have one content; content of
// one kind may lie at many places.
type Place struct {
	File   Digest // of an archive, or of a layer of an image, uncompressed
	Number int64  // of the entry in the file
}

// IsZero reports whether the place is not known.
func (p Place) IsZero() bool { return p.File.IsZero() }

// Place returns where the entry's content lies. It is zero where no digest
// stands for it, as in a directory, or none was asked for yet: nothing is read
// to find out.
func (e Entry) Place() Place {
	if e.file == nil {
		return Place{}
	}
	d, ok := e.file.KnownDigest()
	if !ok {
		return Place{}
	}
	return Place{d, e.number}
}

// At returns e with the place of its content. Only readers of a format call it.
func (e Entry) At(file digested, number int64) Entry {
	e.file, e.number = file, number
	return e
}
