package fnpkg

import "slices"

// HazardID names a kind of hazard. Ids are stable: policies and reports refer
// to them.
type HazardID string

// The hazards. Those that two readers of the same bytes could resolve
// differently are ambiguous.
const (
	HazardDuplicateName    HazardID = "duplicate-name"     // two entries of one name
	HazardCaseFoldName     HazardID = "case-fold-name"     // names that differ only in case or normalisation
	HazardFileAsDirectory  HazardID = "file-as-directory"  // a path is both a file or link and another entry's parent
	HazardParentPath       HazardID = "parent-path"        // ".." in a name
	HazardAbsolutePath     HazardID = "absolute-path"      // a leading slash or drive letter
	HazardBackslashPath    HazardID = "backslash-path"     // a backslash in a name
	HazardControlName      HazardID = "control-name"       // NUL or another control character in a name
	HazardInvalidName      HazardID = "invalid-name"       // an empty name, "." elements or text that is no UTF-8
	HazardPrependedBytes   HazardID = "prepended-bytes"    // data before the first entry
	HazardTrailingBytes    HazardID = "trailing-bytes"     // data behind the end record, or between entries and directory
	HazardGapBytes         HazardID = "gap-bytes"          // data between entries that no header names
	HazardHeaderMismatch   HazardID = "header-mismatch"    // local header and central directory disagree
	HazardOverlap          HazardID = "overlapping-entry"  // two entries share bytes of the file
	HazardEscapingLink     HazardID = "escaping-link"      // a symbolic link that leaves the package
	HazardLoopingLink      HazardID = "looping-link"       // symbolic links in a circle
	HazardSpecialFile      HazardID = "special-file"       // a device, socket or named pipe
	HazardSetuid           HazardID = "setuid"             // a setuid or setgid bit
	HazardZip64Mismatch    HazardID = "zip64-mismatch"     // zip64 fields that contradict or are not called for
	HazardMultiDisk        HazardID = "multi-disk"         // an archive said to span disks
	HazardMultipleEnds     HazardID = "multiple-ends"      // more than one end record could be the archive's
	HazardMethod           HazardID = "unsupported-method" // a compression method other than store and deflate
	HazardEncrypted        HazardID = "encrypted-entry"    // content that needs a password
	HazardUnicodePathExtra HazardID = "unicode-path"       // an extra field that gives the entry another name
	HazardWhiteout         HazardID = "whiteout"           // a layer that removes what it adds, or removes in a way of one file system
)

// Known reports whether there is a hazard of that id.
func (id HazardID) Known() bool {
	switch id {
	case HazardDuplicateName, HazardCaseFoldName, HazardFileAsDirectory, HazardParentPath,
		HazardAbsolutePath, HazardBackslashPath, HazardControlName, HazardInvalidName,
		HazardPrependedBytes, HazardTrailingBytes, HazardGapBytes, HazardHeaderMismatch,
		HazardOverlap, HazardEscapingLink, HazardLoopingLink, HazardSpecialFile,
		HazardSetuid, HazardZip64Mismatch, HazardMultiDisk, HazardMultipleEnds,
		HazardMethod, HazardEncrypted, HazardUnicodePathExtra, HazardWhiteout:
		return true
	}
	return false
}

// Ambiguous reports whether two readers could see different packages in the
// same bytes, so that a signature over the bytes would not say what runs.
// verify, sign and seal refuse such packages.
func (id HazardID) Ambiguous() bool {
	switch id {
	case HazardSpecialFile, HazardSetuid, HazardLoopingLink:
		return false
	}
	return true
}

// Hazard is one thing about a package that makes it dangerous to read or run.
type Hazard struct {
	ID     HazardID
	Path   string // the entry's name as written in the package; hostile text; may be empty
	Detail string // what was found, for a person; may quote hostile text
}

// Ambiguities returns the hazards that make a package ambiguous, without those
// of the kinds in allowed.
func Ambiguities(hazards []Hazard, allowed ...HazardID) []Hazard {
	var out []Hazard
	for _, h := range hazards {
		if h.ID.Ambiguous() && !slices.Contains(allowed, h.ID) {
			out = append(out, h)
		}
	}
	return out
}
