package zipvec

// broken are files that are no zip, or one that cannot be read.
func broken() []Vector {
	honest := Zip(File("index.py", handler), File("lib/x.py", "x = 1\n"))
	whole := honest.Bytes()
	raw := func(s string) func() []byte { return func() []byte { return []byte(s) } }
	cut := func(n int) func() []byte {
		a := honest
		a.TruncateTo = n
		return a.Bytes
	}
	end := func(edit func(*End)) func() []byte {
		a := honest
		a.EditEnd = edit
		return a.Bytes
	}
	return []Vector{
		{Name: "broken-empty-file", Wrong: "no bytes at all", Open: FormatError, Bytes: raw("")},
		{Name: "broken-text", Wrong: "text", Open: FormatError, Bytes: raw("This is not a zip.\n")},
		{Name: "broken-gzip", Wrong: "gzip data under the name of a zip", Open: FormatError, Bytes: raw("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
		{Name: "broken-truncated", Wrong: "cut off in the directory", Open: FormatError, Bytes: cut(len(whole) - 40)},
		{Name: "broken-truncated-end", Wrong: "cut off in the end record", Open: FormatError, Bytes: cut(len(whole) - 1)},
		{Name: "broken-truncated-start", Wrong: "cut off in the first entry", Open: FormatError, Bytes: cut(20)},
		{Name: "broken-truncated-comment", Wrong: "cut off in the comment", Open: FormatError, Bytes: end(func(e *End) { e.Comment, e.CommentLen = "cut", 10 })},
		{Name: "broken-directory-offset", Wrong: "a directory said to begin behind the end", Open: FormatError, Bytes: end(func(e *End) { e.DirOffset += 100 })},
		{Name: "broken-directory-size", Wrong: "a directory said to be longer than the file", Open: FormatError, Bytes: end(func(e *End) { e.DirSize = 1 << 20 })},
		{Name: "broken-count", Wrong: "an end record that counts more entries than fit into the directory", Open: FormatError, Bytes: end(func(e *End) { e.Entries, e.EntriesHere = 0xfffe, 0xfffe })},
		{Name: "broken-directory", Wrong: "a directory of zeros", Open: FormatError, Bytes: func() []byte {
			out := append([]byte(nil), whole...)
			clear(out[len(out)-endLen-2*centralLen-len("index.py")-len("lib/x.py") : len(out)-endLen])
			return out
		}},
		{Name: "broken-entry-offset", Wrong: "an entry behind the end of the file", Open: FormatError,
			Bytes: Zip(File("index.py", handler).central(func(h *Header) { h.OffsetShift = 1 << 20 })).Bytes},
		{Name: "broken-entry-size", Wrong: "content that reaches beyond the end of the file", Open: FormatError,
			Bytes: Zip(File("index.py", handler).both(func(h *Header) { h.Compressed, h.Size = 1<<20, 1<<20 })).Bytes},
		{Name: "broken-name-length", Wrong: "a directory that ends within a name", Open: FormatError,
			Bytes: end(func(e *End) { e.DirSize -= 4; e.DirOffset += 4 })},
	}
}

const (
	endLen     = 22
	centralLen = 46
)
