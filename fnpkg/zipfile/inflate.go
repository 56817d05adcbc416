package zipfile

import (
	"errors"
	"io"

	"github.com/fnseal/fnseal/internal/inflate"
)

// inflater inflates one entry at a time.
type inflater struct {
	source *io.SectionReader
	out    inflate.Reader
}

func (m *Memory) getInflater(source *io.SectionReader) *inflater {
	f, ok := m.inflaters.Get().(*inflater)
	if !ok {
		f = &inflater{}
	}
	f.source = source
	f.out.Reset(source)
	return f
}

// Read reads uncompressed bytes. All of b may be written to.
func (f *inflater) Read(b []byte) (int, error) { return f.out.Read(b) }

// unread returns how many compressed bytes lie behind the end of the stream,
// once that was read.
func (f *inflater) unread() int64 {
	at, _ := f.source.Seek(0, io.SeekCurrent)
	return f.source.Size() - at + int64(f.out.Unread())
}

// corrupt reports whether err is about the compressed data rather than about
// reading it.
func (f *inflater) corrupt(err error) bool {
	var damaged inflate.CorruptError
	return errors.As(err, &damaged) || errors.Is(err, io.ErrUnexpectedEOF)
}
