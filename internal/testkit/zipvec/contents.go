package zipvec

// contents are attacks that only show when content is read.
func contents() []Vector {
	index := []byte(handler)
	packed := StoredBlock(index, true)
	deflated := func() Entry { return Deflated("index.py", packed, index) }
	tail := deflated()
	tail.Body = join(packed, []byte("hidden"))
	tail = tail.both(func(h *Header) { h.Compressed = uint32(len(tail.Body)) })
	damaged := deflated()
	damaged.Body = append([]byte{0x07}, packed[1:]...) // a block of the reserved type
	endless := Deflated("index.py", Zeros(64<<10), index)
	return []Vector{
		{Name: "content-crc", Wrong: "content whose checksum both headers have wrong", Read: FormatError,
			Bytes: Zip(File("index.py", handler).both(func(h *Header) { h.CRC++ })).Bytes},
		{Name: "content-crc-deflated", Wrong: "the same, compressed", Read: FormatError,
			Bytes: Zip(deflated().both(func(h *Header) { h.CRC++ })).Bytes},
		{Name: "content-longer", Wrong: "content that inflates to more than its headers say", Read: FormatError,
			Bytes: Zip(deflated().both(func(h *Header) { h.Size -= 10 })).Bytes},
		{Name: "content-shorter", Wrong: "content that inflates to less than its headers say", Read: FormatError,
			Bytes: Zip(deflated().both(func(h *Header) { h.Size += 10 })).Bytes},
		{Name: "content-lying-bomb", Wrong: "64 KiB that claim to be a few bytes", Read: FormatError,
			Bytes: Zip(endless).Bytes},
		{Name: "content-tail", Wrong: "bytes behind the end of the compressed data", Read: FormatError,
			Bytes: Zip(tail).Bytes},
		{Name: "content-damaged", Wrong: "compressed data that is none", Read: FormatError,
			Bytes: Zip(damaged).Bytes},
		{Name: "content-cut-off", Wrong: "compressed data without an end", Read: FormatError,
			Bytes: Zip(Deflated("index.py", StoredBlock(index, false), index)).Bytes},
	}
}
