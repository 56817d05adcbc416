package inspect

import (
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Report is what a function package is. Names and paths in it come from the
// package: hostile text.
type Report struct {
	// Subject names the package. Its content digest is zero if there is none;
	// NoContent then says why.
	Subject   fnpkg.Subject
	NoContent string

	// Form is what the package is packed as, and FormReason by what it was
	// recognised.
	Form       Form
	FormReason string

	Sizes  Sizes
	Limits []LimitUse

	// Providers and Runtimes are those the package seems to be made for, the
	// better founded first.
	Providers []ProviderHint
	Runtimes  []RuntimeHint

	// Runtime is the one the package is judged by; nil where none was stated
	// and the hints do not agree on one.
	Runtime *Runtime

	Natives   Natives
	Languages []Language
	Tree      Tree
	Hazards   []fnpkg.Hazard
	Remarks   []Remark

	// Unread are files that were to be looked at and could not be.
	Unread Unread
}

// Form is what a package is packed as.
type Form string

// The forms.
const (
	FormDeployment Form = "deployment zip"
	FormLayer      Form = "layer zip"
	FormJar        Form = "jar"
	FormWar        Form = "war"
	FormDirectory  Form = "directory"
	FormImage      Form = "container image"
	FormFile       Form = "file" // not a package: it has no entries
)

// Sizes counts what the package's headers claim.
type Sizes struct {
	Packed   int64 // bytes of the artifact; 0 for a directory
	Unpacked int64 // bytes of all files
	Files    int
	Dirs     int
	Links    int
	Special  int // devices, sockets, pipes
}

// LimitUse sets one size of the package against one limit of a provider.
type LimitUse struct {
	Limit
	Size int64 // bytes of the package that count against it
}

// Exceeded reports whether the provider would refuse the package.
func (u LimitUse) Exceeded() bool { return u.Size > u.Bytes }

// Evidence is one thing in the package that speaks for a hint.
type Evidence struct {
	Path string // the entry; hostile text
	Says string // what it says, for a person; may quote hostile text
}

// Strength says how much a hint is worth.
type Strength int

// The strengths.
const (
	Weak   Strength = iota // a convention that others share
	Strong                 // made by or for it alone
)

// String returns "weak" or "strong".
func (s Strength) String() string {
	if s == Strong {
		return "strong"
	}
	return "weak"
}

// MaxEvidence is how many pieces of evidence a hint keeps; it counts all.
const MaxEvidence = 5

// Hint is why something is believed.
type Hint struct {
	Strength Strength
	Evidence []Evidence // the first found of that strength, at most MaxEvidence
	Count    int        // of all evidence
}

// ProviderHint names a provider the package seems to be made for.
type ProviderHint struct {
	Provider Provider
	Hint
}

// RuntimeHint names a runtime the package seems to be made for.
type RuntimeHint struct {
	// Name is a runtime as AWS Lambda spells it ("python3.12"), a family of
	// them ("provided.*"), or a language ("nodejs") with a Constraint.
	Name string

	// Constraint is the range of versions the package asks for, in its own
	// words; hostile text.
	Constraint string

	// AtLeast says that later runtimes of the language do as well.
	AtLeast bool

	Hint
}

// Runtime is a managed runtime and its lifecycle.
type Runtime struct {
	Name   string // hostile text where the user took it from elsewhere
	Stated bool   // by the user; else the hints agree on it
	State  fnpkg.RuntimeState
	AsOf   time.Time     // the day of State
	Known  bool          // whether the table has it
	Dates  fnpkg.Runtime // zero if not Known
	Taken  time.Time     // the day the table was taken
}

// Natives is the native code of the package.
type Natives struct {
	// Archs counts files by format and machine, most files first.
	Archs []ArchCount

	// Files are the native files, sorted by path, at most MaxNatives.
	Files []NativeFile
	Count int // of all native files

	// Looked is how many files were looked into, Skipped how many were not
	// because there were too many.
	Looked, Skipped int
}

// MaxNatives is how many native files a report names.
const MaxNatives = 1000

// NativeFile is one file of native code.
type NativeFile struct {
	Path string
	Size int64
	Binary
}

// ArchCount is how many native files there are for one machine.
type ArchCount struct {
	Format  string
	Arch    string
	Files   int
	Example string // the first by path
}

// Language counts the source or byte code files of one language.
type Language struct {
	Name  string
	Files int
	Bytes int64
}

// Tree summarises the package's files.
type Tree struct {
	// Top are the top-level entries, the largest first, at most MaxTop;
	// MoreTop counts the others.
	Top     []TopEntry
	MoreTop int

	// Largest are the largest files, at most MaxLargest.
	Largest []LargeFile
}

// Bounds of a Tree.
const (
	MaxTop     = 100
	MaxLargest = 10
)

// TopEntry is a file, link or folder at the package's root.
type TopEntry struct {
	Name  string
	Dir   bool
	Files int
	Bytes int64
}

// LargeFile is a file by its size.
type LargeFile struct {
	Path string
	Size int64
}

// RemarkID names a kind of remark. Ids are stable.
type RemarkID string

// The remarks: what whoever deploys the package should know, beside hazards.
const (
	RemarkOverLimit       RemarkID = "over-limit"               // the provider would refuse it
	RemarkRuntimeUnknown  RemarkID = "runtime-unknown"          // the stated runtime is in no table or has no dates
	RemarkRuntimeEnding   RemarkID = "runtime-ending"           // its runtime is deprecated or worse
	RemarkRuntimeMismatch RemarkID = "runtime-mismatch"         // made for another runtime than stated
	RemarkMixedArch       RemarkID = "mixed-architecture"       // code for more than one machine
	RemarkForeignNative   RemarkID = "foreign-native"           // code for another operating system
	RemarkMuslLoader      RemarkID = "musl-loader"              // a program linked for another C library
	RemarkNoBootstrap     RemarkID = "bootstrap-missing"        // a custom runtime without its program
	RemarkBootstrapMode   RemarkID = "bootstrap-not-executable" // a bootstrap that cannot be started
	RemarkBootstrapLines  RemarkID = "bootstrap-line-endings"   // a script whose first line ends in CR LF
	RemarkSingleFolder    RemarkID = "single-folder"            // everything lies in one folder
)

// Remark is one thing to know about the package.
type Remark struct {
	ID     RemarkID
	Detail string // for a person; may quote hostile text
}

// Unread lists files that could not be read.
type Unread struct {
	Files []UnreadFile // at most MaxUnread
	Count int
}

// MaxUnread is how many unreadable files a report names.
const MaxUnread = 20

// UnreadFile is a file whose content could not be read.
type UnreadFile struct {
	Path   string
	Reason string
}
