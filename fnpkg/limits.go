package fnpkg

import "fmt"

// Limits caps what a reader accepts before it allocates or inflates anything.
// The zero value of a field means no limit for that field; callers start from
// DefaultLimits.
type Limits struct {
	Entries      int64 // entries in one package
	EntryBytes   int64 // uncompressed bytes of one entry
	TotalBytes   int64 // uncompressed bytes of all entries together
	HeaderBytes  int64 // bytes of the package's own directory of entries
	Ratio        int64 // uncompressed bytes per byte of the artifact, all entries together; see RatioFloor
	PathBytes    int64 // length of one entry's path
	NestingDepth int64 // archives within archives
}

// DefaultLimits are far above what providers accept (AWS Lambda: 250 MB
// unpacked, layers included; 10 GB images) and far below what would hurt the
// machine that reads the package.
func DefaultLimits() Limits {
	return Limits{
		Entries:      500_000,
		EntryBytes:   4 << 30,
		TotalBytes:   12 << 30,
		HeaderBytes:  256 << 20,
		Ratio:        200,
		PathBytes:    4096,
		NestingDepth: 4,
	}
}

// The flags that set the limits of a command, without dashes: one spelling for
// the commands that offer them and the readers whose errors name them.
const (
	FlagMaxEntries     = "max-entries"
	FlagMaxEntryBytes  = "max-entry-bytes"
	FlagMaxTotalBytes  = "max-total-bytes"
	FlagMaxHeaderBytes = "max-header-bytes"
	FlagMaxRatio       = "max-ratio"
	FlagMaxPathBytes   = "max-path-bytes"
	FlagMaxNesting     = "max-nesting"
)

// RatioFloor is the number of uncompressed bytes up to which Limits.Ratio does
// not apply: so little hurts no machine, and a few kilobytes of zeros compress
// further than any sensible ratio.
const RatioFloor = 16 << 20

// LimitError reports that a package crosses one of the Limits.
type LimitError struct {
	What  string // what was counted, for example "entries"
	Limit int64
	Got   int64  // how many there are, or the first count over the limit
	Flag  string // the flag that raises the limit, without dashes; may be empty
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %d is over the limit of %d", e.What, e.Got, e.Limit)
}
