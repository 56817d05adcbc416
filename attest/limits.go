package attest

// Limits caps what is read as bundles. The zero value of a field means no
// limit for that field; callers start from DefaultLimits.
type Limits struct {
	BundleBytes int64 // JSON of one bundle
	FileBytes   int64 // one file of bundles
	Bundles     int64 // bundles of one artifact, junk lines included
}

// DefaultLimits leaves room for the SBOM of a large image in one bundle.
func DefaultLimits() Limits {
	return Limits{BundleBytes: 64 << 20, FileBytes: 256 << 20, Bundles: 1000}
}

// The limits of one statement. Subjects and digests are those of sigstore-go,
// so that neither side accepts what the other refuses.
const (
	maxStatementBytes = 64 << 20
	maxSubjects       = 1024
	maxDigests        = 32
	maxDepth          = 256
	maxNameBytes      = 4096
)
