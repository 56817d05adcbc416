package zipvec

import "github.com/fnseal/fnseal/fnpkg"

// outsides are attacks with bytes that belong to no entry, and with end
// records that leave a choice.
func outsides() []Vector {
	honest := []Entry{File("index.py", handler), File("lib/x.py", "x = 1\n")}
	gap := File("lib/x.py", "x = 1\n")
	gap.Before = File("hidden.py", evil).Local.local()
	hidden := File("hidden.py", evil)
	hidden.Hide = true
	other := Zip(File("index.py", evil)).Bytes()
	return []Vector{
		{Name: "prepended", Wrong: "bytes before the archive that its offsets do not count", Hazards: found(fnpkg.HazardPrependedBytes),
			Bytes: Archive{Prefix: []byte("#!/bin/sh\nexec true\n"), Uncounted: true, Entries: honest}.Bytes},
		{Name: "prepended-counted", Wrong: "bytes before the archive that its offsets count, as in a self-extracting zip", Hazards: found(fnpkg.HazardPrependedBytes),
			Bytes: Archive{Prefix: []byte("#!/bin/sh\nexec true\n"), Entries: honest}.Bytes},
		{Name: "prepended-zip", Wrong: "another zip before the archive", Hazards: found(fnpkg.HazardPrependedBytes),
			Bytes: Archive{Prefix: other, Uncounted: true, Entries: honest}.Bytes},
		{Name: "prepended-empty", Wrong: "bytes before an archive without entries", Hazards: found(fnpkg.HazardPrependedBytes),
			Bytes: Archive{Prefix: []byte("#!/bin/sh\n"), Uncounted: true}.Bytes},
		{Name: "trailing", Wrong: "bytes behind the end record", Hazards: found(fnpkg.HazardTrailingBytes),
			Bytes: Archive{Entries: honest, Trailer: []byte("trailing")}.Bytes},
		{Name: "trailing-before-directory", Wrong: "bytes between the last entry and the directory", Hazards: found(fnpkg.HazardTrailingBytes),
			Bytes: Archive{Entries: honest, BeforeDir: []byte("between")}.Bytes},
		{Name: "trailing-in-directory", Wrong: "bytes in the directory behind its last header", Hazards: found(fnpkg.HazardTrailingBytes),
			Bytes: Archive{Entries: honest, InDir: []byte("behind the last header")}.Bytes},
		{Name: "trailing-before-end", Wrong: "bytes between the directory and the end record", Hazards: found(fnpkg.HazardTrailingBytes),
			Bytes: Archive{Entries: honest, BeforeEnd: []byte("between")}.Bytes},
		{Name: "trailing-hidden-entry", Wrong: "a last entry that the directory does not list: readers of streams see it", Hazards: found(fnpkg.HazardTrailingBytes),
			Bytes: Zip(append(honest[:2:2], hidden)...).Bytes},
		{Name: "gap", Wrong: "bytes between two entries", Hazards: found(fnpkg.HazardGapBytes),
			Bytes: Zip(honest[0], gap).Bytes},
		{Name: "gap-hidden-entry", Wrong: "an entry between others that the directory does not list", Hazards: found(fnpkg.HazardGapBytes),
			Bytes: Zip(honest[0], hidden, honest[1]).Bytes},
		{Name: "ends-in-comment", Wrong: "an end record in the comment, reaching the end of the file like the true one", Hazards: found(fnpkg.HazardMultipleEnds, fnpkg.HazardPrependedBytes),
			Bytes: Archive{Entries: honest, EditEnd: func(e *End) { e.Comment = string(End{}.bytes()) }}.Bytes},
		{Name: "ends-in-comment-short", Wrong: "an end record in the comment that does not reach the end of the file", Hazards: found(fnpkg.HazardMultipleEnds),
			Bytes: Archive{Entries: honest, EditEnd: func(e *End) { e.Comment = string(End{}.bytes()) + "!" }}.Bytes},
		{Name: "ends-signature-in-comment", Wrong: "the signature of an end record in the comment", Hazards: found(fnpkg.HazardMultipleEnds),
			Bytes: Archive{Entries: honest, EditEnd: func(e *End) { e.Comment = "see PK\x05\x06" }}.Bytes},
		{Name: "ends-whole-zip-in-comment", Wrong: "a whole other zip in the comment", Hazards: found(fnpkg.HazardMultipleEnds, fnpkg.HazardPrependedBytes),
			Bytes: Archive{Entries: honest, EditEnd: func(e *End) { e.Comment = string(other) }}.Bytes},
	}
}
