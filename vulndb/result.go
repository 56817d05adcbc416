package vulndb

import (
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Severity is an advisory's severity on the scale of CVSS: the qualitative
// rating of its score (CVSS v3.1 §5), or the vendor's own label.
type Severity string

// The severities, from worst to unknown. Unknown is not harmless: it says that
// no source rates the advisory.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityLow      Severity = "low"
	SeverityNone     Severity = "none"
	SeverityUnknown  Severity = "unknown"
)

// Rank orders severities: the higher, the worse. Unknown ranks between low
// and medium, so that a list sorted by rank does not bury it.
func (s Severity) Rank() int {
	switch s {
	case SeverityCritical:
		return 5
	case SeverityHigh:
		return 4
	case SeverityMedium:
		return 3
	case SeverityUnknown:
		return 2
	case SeverityLow:
		return 1
	}
	return 0
}

// Finding says that an advisory affects a component. Records that are aliases
// of one another are one finding. What a finding points to may be shared with
// other findings and is not to be changed.
type Finding struct {
	Component fnpkg.Component
	Ecosystem string // the feed's name for the component's ecosystem, for example "PyPI"

	// ID is the defect's leading id: of the records that matched and their
	// aliases, the one that most people search for (CVE before GHSA before
	// others). It need not be a record of the feed; Records are.
	ID string

	// Aliases are the other ids of the same defect, sorted.
	Aliases []string

	// Records are the ids of the feed's records that matched, sorted.
	Records []string

	Summary  string
	Severity Severity
	Score    float64 // CVSS base score; 0 when only a label or nothing is known
	Vector   string  // the CVSS vector the score comes from; may be empty

	// Fixed are the versions the matching records name as fixed that are
	// above the installed one, lowest first. Empty means no confirmed fix.
	Fixed []string

	// LastAffected are the versions from the installed one on that the
	// matching records name as the last affected, lowest first. That a later
	// version is not affected is the record's guess; no version is named.
	LastAffected []string

	// KEV is what CISA's catalogue of exploited vulnerabilities says of the
	// defect, found by any of its ids; nil if it is not listed, or if the
	// index holds no catalogue (Stamp.KEV).
	KEV *KEV

	// EPSS is the defect's score in the Exploit Prediction Scoring System,
	// found by any of its ids; nil if it has none, or if the index holds no
	// scores (Stamp.EPSS).
	EPSS *EPSS

	// Malicious marks a package that is an attack by itself (MAL- records):
	// it is to be removed, not upgraded.
	Malicious bool

	// Possible marks a component whose version is unknown: the advisory
	// affects some versions of it.
	Possible bool

	Published, Modified time.Time
}

// NotAssessed is a component that could not be compared with the feed. It is
// never to be read as clean.
type NotAssessed struct {
	Component fnpkg.Component
	Reason    string // for a person, for example "no feed for ecosystem gem"
}

// Result is what a scan found.
type Result struct {
	Findings    []Finding     // worst first, then by component and id
	NotAssessed []NotAssessed // by component
	Assessed    int           // components that were compared with the feed
	Ecosystems  []string      // that the components are of, sorted, whether the feed has them or not
	Feed        Stamp
}

// Stamp says where a feed index came from and how old it is.
type Stamp struct {
	Schema  int       `json:"schema"`  // version of the index's layout
	Built   time.Time `json:"built"`   // when the index was written, UTC
	Records int       `json:"records"` // advisories in it
	Content string    `json:"content"` // sha256 over its sorted keys and values, hexadecimal: the same for the same feed
	Sources []Source  `json:"sources"` // in the order given

	// The catalogue of exploited vulnerabilities and the scores; nil for none.
	KEV  *ScoreSource `json:"kev,omitempty"`
	EPSS *ScoreSource `json:"epss,omitempty"`
}

// Age is how long ago the feed was read, at the time now. A stamp from the
// future, made by a clock that is ahead, is of age zero.
func (s Stamp) Age(now time.Time) time.Duration {
	return max(0, now.Sub(s.Built))
}

// Source is one ecosystem's archive as it was read.
type Source struct {
	Location   string    `json:"location"`             // directory or URL, without credentials
	Ecosystem  string    `json:"ecosystem,omitempty"`  // as in the feed, for example "npm"; empty for own advisories
	Own        bool      `json:"own,omitempty"`        // a folder of own advisories: it makes no ecosystem one that is covered
	SHA256     string    `json:"sha256,omitempty"`     // of the archive that was read last, hexadecimal
	Records    int       `json:"records"`              // advisories it has
	Unreadable int       `json:"unreadable,omitempty"` // members that hold no readable advisory; nothing is known of what they affect
	Newest     time.Time `json:"newest"`               // newest modification time among its advisories

	// What the next update asks with: the archive's size in bytes, and the
	// entity tags of the archive and of modified_id.csv; empty if unknown.
	Bytes   int64  `json:"bytes,omitempty"`
	Tag     string `json:"tag,omitempty"`
	ListTag string `json:"list_tag,omitempty"`
}
