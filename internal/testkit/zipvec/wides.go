package zipvec

import "github.com/fnseal/fnseal/fnpkg"

// wides are attacks with the zip64 extensions, which say everything a second
// time.
func wides() []Vector {
	lies := found(fnpkg.HazardZip64Mismatch)
	index := File("index.py", handler)
	size := uint64(len(handler))
	archive := func(edit func(*End), edit64 func(*End64)) func() []byte {
		return Archive{Entries: []Entry{index}, Zip64: true, EditEnd: edit, EditEnd64: edit64}.Bytes
	}
	entry := func(extraField []byte, edit func(*Header)) func() []byte {
		e := index.central(func(h *Header) { h.Extra = extraField })
		if edit != nil {
			edit(&e.Central)
		}
		return Zip(e, File("lib/x.py", "x = 1\n")).Bytes
	}
	return []Vector{
		{Name: "zip64-contradicts", Wrong: "end records that count different numbers of entries", Hazards: lies,
			Bytes: archive(func(e *End) { e.Entries = 1 }, func(e *End64) { e.Entries = 0 })},
		{Name: "zip64-contradicts-offset", Wrong: "a zip64 end record, not called for, that places the directory elsewhere", Hazards: lies,
			Bytes: archive(func(e *End) {
				*e = End{Entries: 1, EntriesHere: 1, DirSize: 46 + 8, DirOffset: uint32(30 + 8 + size)}
			}, func(e *End64) { e.DirOffset = 0 })},
		{Name: "zip64-locator-only", Wrong: "a zip64 locator without its end record", Hazards: found(fnpkg.HazardZip64Mismatch, fnpkg.HazardTrailingBytes),
			Bytes: archive(func(e *End) {
				*e = End{Entries: 1, EntriesHere: 1, DirSize: 46 + 8, DirOffset: uint32(30 + 8 + size)}
			}, func(e *End64) { e.LocatorOnly = true })},
		{Name: "zip64-locator-astray", Wrong: "a zip64 locator that points beside its end record", Hazards: lies,
			Bytes: archive(nil, func(e *End64) { e.LocatorShift = -7 })},
		{Name: "zip64-disks", Wrong: "a zip64 locator that counts two disks", Hazards: found(fnpkg.HazardMultiDisk),
			Bytes: archive(nil, func(e *End64) { e.Disks = 2 })},
		{Name: "zip64-field-twice", Wrong: "two zip64 fields for one entry", Hazards: lies,
			Bytes: entry(join(extra(1, le(size)), extra(1, le(size+1))), func(h *Header) { h.Size = 0xffffffff })},
		{Name: "zip64-field-uncalled", Wrong: "a zip64 field that contradicts sizes which do not refer to it", Hazards: lies,
			Bytes: entry(extra(1, le(uint64(4), uint64(4))), nil)},
		{Name: "zip64-field-short", Wrong: "a zip64 field with fewer values than are referred to", Hazards: lies,
			Bytes: entry(extra(1, le(size)), func(h *Header) { h.Size, h.Disk = 0xffffffff, 0xffff })},
		{Name: "zip64-field-missing", Wrong: "a size that refers to a zip64 field that is missing", Open: FormatError,
			Bytes: entry(nil, func(h *Header) { h.Compressed = 0xffffffff })},
		{Name: "zip64-size-claim", Wrong: "an entry that claims to hold a tebibyte", Open: LimitError,
			Bytes: entry(extra(1, le(uint64(1<<40))), func(h *Header) { h.Size = 0xffffffff })},
		{Name: "zip64-size-negative", Wrong: "a size that is negative as a signed number", Open: FormatError,
			Bytes: entry(extra(1, le(uint64(1<<63))), func(h *Header) { h.Size = 0xffffffff })},
		{Name: "zip64-offset-negative", Wrong: "an offset that is negative as a signed number", Open: FormatError,
			Bytes: entry(extra(1, le(^uint64(0))), func(h *Header) { h.OffsetShift = 0xffffffff })},
		{Name: "zip64-ten-million", Wrong: "an end record that claims ten million entries", Open: LimitError,
			Bytes: archive(nil, func(e *End64) { e.Entries, e.EntriesHere = 10_000_000, 10_000_000 })},
		{Name: "zip64-directory-claim", Wrong: "an end record that claims a directory of a gibibyte", Open: LimitError,
			Bytes: archive(nil, func(e *End64) { e.DirSize = 1 << 30 })},
		{Name: "zip64-directory-negative", Wrong: "an offset of the directory that is negative as a signed number", Open: FormatError,
			Bytes: archive(nil, func(e *End64) { e.DirOffset = 1 << 63 })},
	}
}
