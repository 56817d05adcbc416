package patch

import (
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// Plan is what was found in one or several packages and what to do about it.
type Plan struct {
	// AsOf is the instant that ages and deadlines were judged at, UTC.
	AsOf time.Time

	// Policy names where the deadlines come from; empty if there are none.
	Policy string

	// Clock is where the deadlines start to count.
	Clock Clock

	Targets []Target // in the order given

	// Removals are malicious packages, Retirements managed runtimes at or near
	// their end, Upgrades what clears findings, those in shared layers first,
	// each list most urgent first.
	Removals    []Removal
	Retirements []Retirement
	Upgrades    []Upgrade

	// Findings are all that count, most urgent first; Suppressed are those
	// that a VEX statement or an ignore entry sets aside.
	Findings   []*Finding
	Suppressed []Suppressed

	// Lapsed are ignore entries past their date: they suppress nothing any
	// more. Unused are those that met no finding.
	Lapsed, Unused []Ignore

	NotAssessed []NotAssessed
	Assessed    int // components, counted once for each target

	// Baseline says that findings were compared with an earlier report.
	Baseline bool

	Feed vulndb.Stamp
}

// Target is one package or SBOM that was scanned.
type Target struct {
	Name       string
	Kind       fnpkg.Kind
	Digest     fnpkg.Digest // zero if unknown
	Runtime    string       // the managed runtime it is deployed on; empty if unknown
	Layers     []fnpkg.Layer
	Components int
	Assessed   int
	Findings   int // that are neither malicious nor suppressed
	Malicious  int
}

// Finding is one defect in one version of one component, wherever that is.
type Finding struct {
	vulndb.Finding // of the first place

	// Fingerprint is the same for the same defect of the same package in later
	// scans, whatever version or place it is found at.
	Fingerprint string

	Places    []Place
	FirstSeen time.Time // zero if no state is kept
	Due       Due       // zero if no deadline applies

	// New is false for findings that an earlier report has.
	New bool

	// Remedy says what the plan does about it.
	Remedy Remedy

	// To is the version that clears it, for RemedyUpgrade.
	To string
}

// Remedy is what can be done about a finding.
type Remedy string

// The remedies.
const (
	RemedyUpgrade  Remedy = "upgrade"   // to a version of the plan
	RemedyRemove   Remedy = "remove"    // it is malicious: remove it, rotate secrets
	RemedyNone     Remedy = "none"      // no confirmed fix above the installed version
	RemedyIdentify Remedy = "identify"  // the installed version is unknown
	RemedyProvider Remedy = "provider"  // the managed runtime provides it
	RemedyRemains  Remedy = "remaining" // fixed versions exist, but each is affected by it again, or by as much else
)

// Place is where a component is installed.
type Place struct {
	Target int // index into Plan.Targets
	Origin fnpkg.Origin
	Paths  []string // within the package, sorted

	// Direct says that the package itself asks for the component. Via is the
	// shortest chain of components that brings it in, "name@version" from the
	// direct dependency to the component's parent. Neither is set where the
	// edges are not known.
	Direct bool
	Via    []string

	// Layer is the shared layer it lies in; empty for the package itself.
	Layer string
}

// Due is a day by which something has to be done.
type Due struct {
	Date    time.Time // midnight UTC of the last day; zero for none
	Start   time.Time // when the clock started
	Rule    string    // for a person: "critical within 15 days of publication"
	Overdue bool      // at Plan.AsOf
}

// IsZero reports whether there is no deadline.
func (d Due) IsZero() bool { return d.Date.IsZero() }

// before orders deadlines, those without a date last.
func (d Due) before(o Due) bool {
	if d.IsZero() || o.IsZero() {
		return !d.IsZero() && o.IsZero()
	}
	return d.Date.Before(o.Date)
}

// Removal is a malicious package.
type Removal struct {
	Finding  *Finding
	Commands []Command
}

// Retirement is a managed runtime that is at its end or near it.
type Retirement struct {
	Runtime fnpkg.Runtime
	State   fnpkg.RuntimeState // at Plan.AsOf
	Targets []int
	Due     Due
}

// Upgrade is one step of the plan: a package goes to a version.
type Upgrade struct {
	Ecosystem string // the feed's name
	Type      string // purl type
	Name      string // what is upgraded; of a distribution, the source package
	Packages  []string
	From      []Version // the installed versions, lowest first
	To        string
	Step      Step // the largest that is taken

	Clears    []*Finding
	Remains   []*Finding // of the versions in From, not cleared by it
	Also      []string   // ids of defects that To has and none of From
	Places    []Place
	Functions []int // indexes of the targets, ascending

	// Shared are layers that several functions use and the package lies in.
	Shared []string

	Severity vulndb.Severity // the worst it clears
	KEV      bool
	Due      Due // the earliest of what it clears

	Commands []Command
}

// Version is an installed version and what could be done about it.
type Version struct {
	Version string
	Options []Option // by step, smallest first; only steps that exist
}

// Option is the best version within a step.
type Option struct {
	Step   Step
	To     string
	Clears int      // findings
	Left   []string // ids of findings it does not clear, and of defects that are new at To
}

// Step is the size of an upgrade.
type Step string

// The steps of an upgrade.
const (
	StepPatch Step = "patch"
	StepMinor Step = "minor"
	StepMajor Step = "major"
)

func (s Step) rank() int {
	switch s {
	case StepPatch:
		return 1
	case StepMinor:
		return 2
	case StepMajor:
		return 3
	}
	return 0
}

// Suppressed is a finding that does not count, or some of its places that do
// not.
type Suppressed struct {
	Finding *Finding // its Places are those that are suppressed
	By      Reason
}

// Reason says why a finding does not count.
type Reason struct {
	Kind    string // "vex" or "ignore"
	Status  string // VEX status
	Text    string // justification or reason, in its author's words
	Source  string // file it was read from
	Expires time.Time
}

// NotAssessed is a component that could not be compared with the feed.
type NotAssessed struct {
	Component fnpkg.Component
	Reason    string
	Targets   []int
}
