package zipfile

import (
	"bufio"
	"compress/flate"
	"errors"
	"io"
)

// inflater inflates one entry at a time. Its buffers are large beside most
// entries of a package, so a Package keeps inflaters for reuse.
type inflater struct {
	source *io.SectionReader
	in     *bufio.Reader
	out    io.ReadCloser
}

func (p *Package) getInflater(source *io.SectionReader) *inflater {
	f, ok := p.inflaters.Get().(*inflater)
	if !ok {
		in := bufio.NewReaderSize(source, 16<<10)
		return &inflater{source: source, in: in, out: flate.NewReader(in)}
	}
	f.source = source
	f.in.Reset(source)
	// flate documents that its readers implement Resetter, and Reset fails
	// for no reader without a dictionary.
	_ = f.out.(flate.Resetter).Reset(f.in, nil)
	return f
}

// Read reads uncompressed bytes.
func (f *inflater) Read(b []byte) (int, error) { return f.out.Read(b) }

// unread returns how many compressed bytes the stream left unread. The source
// is a ByteReader to flate, which then takes no byte more than it needs.
func (f *inflater) unread() int64 {
	at, _ := f.source.Seek(0, io.SeekCurrent)
	return f.source.Size() - at + int64(f.in.Buffered())
}

// corrupt reports whether err is about the compressed data rather than about
// reading it.
func (f *inflater) corrupt(err error) bool {
	var damaged flate.CorruptInputError
	return errors.As(err, &damaged) || errors.Is(err, io.ErrUnexpectedEOF)
}
