package zipvec

import "github.com/fnseal/fnseal/fnpkg"

// headers are attacks in which an entry's headers contradict each other, the
// file, or what readers can do.
func headers() []Vector {
	mismatch := found(fnpkg.HazardHeaderMismatch)
	with := func(e Entry) func() []byte { return Zip(e, File("lib/x.py", "x = 1\n")).Bytes }
	index := func() Entry { return File("index.py", handler) }
	badDescriptor := index().WithDescriptor()
	badDescriptor.Descriptor = join([]byte("PK\x07\x08"), le(uint32(1), uint32(2), uint32(3)))
	noDescriptor := index().WithDescriptor()
	noDescriptor.Descriptor = nil
	leftOut := index().both(func(h *Header) { h.Flags = 1 << 3 })
	missing := index()
	missing.Central.OffsetShift = 1
	same := index()
	same.NoLocal = true
	same.Central.Name = "other.py"
	return []Vector{
		{Name: "mismatch-name", Wrong: "another name in the local header", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.Name = "evil2.py" }))},
		{Name: "mismatch-method", Wrong: "another method in the local header", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.Method = 8 }))},
		{Name: "mismatch-flags", Wrong: "another encoding of names in the local header", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.Flags = 1 << 11 }))},
		{Name: "mismatch-crc", Wrong: "another checksum in the local header", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.CRC++ }))},
		{Name: "mismatch-size", Wrong: "another size in the local header", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.Size++ }))},
		{Name: "mismatch-compressed", Wrong: "another compressed size in the local header: readers of streams lose the way", Hazards: mismatch,
			Bytes: with(index().local(func(h *Header) { h.Compressed = 4 }))},
		{Name: "mismatch-descriptor", Wrong: "a data descriptor that differs from the directory", Hazards: found(fnpkg.HazardHeaderMismatch, fnpkg.HazardGapBytes),
			Bytes: with(badDescriptor)},
		{Name: "mismatch-descriptor-missing", Wrong: "a data descriptor that is promised and missing", Hazards: mismatch,
			Bytes: with(noDescriptor)},
		{Name: "mismatch-descriptor-left-out", Wrong: "the same, though the local header says all that it would: some readers insist on it", Hazards: mismatch,
			Bytes: with(leftOut)},
		{Name: "mismatch-no-local", Wrong: "no local header where the directory points", Hazards: found(fnpkg.HazardHeaderMismatch, fnpkg.HazardPrependedBytes), Read: FormatError,
			Bytes: with(missing)},
		{Name: "mismatch-count", Wrong: "an end record that counts fewer entries than the directory holds", Hazards: mismatch,
			Bytes: Archive{Entries: []Entry{index(), File("lib/x.py", "x = 1\n")}, EditEnd: func(e *End) { e.Entries, e.EntriesHere = 1, 1 }}.Bytes},
		{Name: "mismatch-stored-sizes", Wrong: "content stored as it is, said to be of two sizes", Hazards: mismatch, Read: FormatError,
			Bytes: with(index().both(func(h *Header) { h.Size += 10 }))},
		{Name: "mismatch-extra", Wrong: "an extra field longer than its header", Hazards: mismatch,
			Bytes: with(index().central(func(h *Header) { h.Extra = le(uint16(0x7070), uint16(100), uint32(0)) }))},
		{Name: "method-bzip2", Wrong: "compressed in a way few readers know", Hazards: found(fnpkg.HazardMethod), Read: FormatError,
			Bytes: with(index().both(func(h *Header) { h.Method = 12 }))},
		{Name: "method-patch", Wrong: "compressed as a patch to another file", Hazards: found(fnpkg.HazardMethod), Read: FormatError,
			Bytes: with(index().both(func(h *Header) { h.Flags = 1 << 5 }))},
		{Name: "encrypted", Wrong: "content that needs a password", Hazards: found(fnpkg.HazardEncrypted), Read: FormatError,
			Bytes: with(index().both(func(h *Header) { h.Flags = 1 }))},
		{Name: "encrypted-strong", Wrong: "content with strong encryption", Hazards: found(fnpkg.HazardEncrypted), Read: FormatError,
			Bytes: with(index().both(func(h *Header) { h.Flags = 1 | 1<<6 }))},
		{Name: "multi-disk-end", Wrong: "an archive said to be the second of two disks", Hazards: found(fnpkg.HazardMultiDisk),
			Bytes: Archive{Entries: []Entry{index()}, EditEnd: func(e *End) { e.Disk, e.DirDisk = 1, 1 }}.Bytes},
		{Name: "multi-disk-count", Wrong: "an archive with more entries than on this disk", Hazards: found(fnpkg.HazardMultiDisk),
			Bytes: Archive{Entries: []Entry{index()}, EditEnd: func(e *End) { e.EntriesHere = 0 }}.Bytes},
		{Name: "multi-disk-entry", Wrong: "an entry said to be on another disk", Hazards: found(fnpkg.HazardMultiDisk),
			Bytes: with(index().central(func(h *Header) { h.Disk = 3 }))},
		{Name: "overlap-same", Wrong: "two entries that are one", Hazards: found(fnpkg.HazardHeaderMismatch, fnpkg.HazardOverlap),
			Bytes: Zip(index(), same).Bytes},
		{Name: "overlap-quoted", Wrong: "entries nested in each other's content, each header quoted by the one before", Hazards: found(fnpkg.HazardOverlap),
			Bytes: Zip(quoted(4, 1<<10)...).Bytes},
		{Name: "overlap-directory", Wrong: "an entry that reaches into the directory", Hazards: found(fnpkg.HazardOverlap), Read: FormatError,
			Bytes: Zip(index().both(func(h *Header) { h.Compressed += 20; h.Size += 20 })).Bytes},
	}
}
