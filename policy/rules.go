package policy

import (
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// Signer is somebody whose signatures a policy knows by a name: the holder of a
// key, or an identity that an issuer vouches for in a certificate.
type Signer struct {
	Key   string `yaml:"key" jsonschema_description:"File of the public key, by a path relative to the policy file."`
	From  Date   `yaml:"from" jsonschema_description:"First day on which signatures by the key are accepted, by a verified timestamp."`
	Until Date   `yaml:"until" jsonschema_description:"Last day on which signatures by the key are accepted, by a verified timestamp."`

	Identity       Glob   `yaml:"identity" jsonschema_description:"Whom the certificate names: an e-mail address or a URI. * stands for any characters but /, ** for any characters."`
	IdentityRegexp string `yaml:"identity-regexp" jsonschema_description:"The same as a regular expression that must match as a whole."`
	Issuer         string `yaml:"issuer" jsonschema_description:"URL of the issuer that vouched for the identity, such as https://token.actions.githubusercontent.com."`

	accepts verify.Identity // made of the three above
}

// Target are rules for the artifacts of some names.
type Target struct {
	Match Globs `yaml:"match" jsonschema:"required" jsonschema_description:"Names the rules are for: of a file its base name, of an image the last element of its repository."`
	Rules Rules `yaml:"verify" jsonschema:"required" jsonschema_description:"What is demanded of them, in addition to verify above."`
}

// Rules are what is demanded of an artifact. All of them must hold; what is not
// named is not demanded.
type Rules struct {
	Presets         Names            `yaml:"presets" jsonschema:"minItems=1" jsonschema_description:"Rules by a name, in addition to those written out: sealed (an SBOM and a scan by an accepted signer), slsa-build-l3 (provenance of a GitHub-hosted build), patched (no finding of severity high or above, none that is known to be exploited)."`
	Signatures      *Signatures      `yaml:"signatures" jsonschema_description:"Who must have signed. Approvals, receipts and test results do not count: they say something of their own."`
	Approvals       *Approvals       `yaml:"approvals" jsonschema_description:"Who must have approved these exact bytes with fnseal approve."`
	Provenance      *Provenance      `yaml:"provenance" jsonschema_description:"How it must have been built: a SLSA provenance, v1 or v0.2, by an accepted signer."`
	SBOM            *SBOM            `yaml:"sbom" jsonschema_description:"Its SBOM: a CycloneDX or SPDX attestation by an accepted signer."`
	Vulnerabilities *Vulnerabilities `yaml:"vulnerabilities" jsonschema_description:"Which known vulnerabilities are too much."`
	Hazards         *Hazards         `yaml:"hazards" jsonschema_description:"What the package itself may not have. Ambiguous packages are refused in any case."`
	Runtime         *Runtime         `yaml:"runtime" jsonschema_description:"The managed runtime it is made for, as the SBOM names it."`
	Components      *Components      `yaml:"components" jsonschema_description:"Which third-party components it may hold, as the SBOM names them."`
	Attestations    []Attestation    `yaml:"attestations" jsonschema:"minItems=1" jsonschema_description:"Other attestations that must be there."`
	Receipts        []Receipt        `yaml:"receipts" jsonschema:"minItems=1" jsonschema_description:"Verdicts of another gate that must be there: signed SLSA verification summaries, as verify --receipt writes them."`
	Expressions     []Expression     `yaml:"expressions" jsonschema:"minItems=1" jsonschema_description:"Conditions in CEL (https://cel.dev) over the verified facts."`

	trusted Names // whose word counts in a preset
}

// Signatures demands signatures.
type Signatures struct {
	AnyOf     Names `yaml:"any-of" jsonschema:"minItems=1" jsonschema_description:"Signers of whom at least one must have signed."`
	AllOf     Names `yaml:"all-of" jsonschema:"minItems=1" jsonschema_description:"Signers who must all have signed."`
	Threshold int   `yaml:"threshold" jsonschema:"minimum=1" jsonschema_description:"How many distinct signers of any-of must have signed (1 if not given). One key, or one identity, counts once."`
}

// Approvals demands approvals.
type Approvals struct {
	Of        Names  `yaml:"of" jsonschema:"required,minItems=1" jsonschema_description:"Signers whose approvals count."`
	Threshold int    `yaml:"threshold" jsonschema:"minimum=1" jsonschema_description:"How many distinct signers must have approved (1 if not given). One key, or one identity, counts once."`
	For       string `yaml:"for" jsonschema_description:"What must have been approved, as fnseal approve --for says it, such as production."`
	MaxAge    Span   `yaml:"max-age" jsonschema_description:"How old an approval may be, by a verified timestamp."`
}

// Provenance demands a provenance.
type Provenance struct {
	SignedBy      Names `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose provenance counts (default: those under signatures, or all)."`
	Builders      Globs `yaml:"builders" jsonschema_description:"Patterns of the builder's id (runDetails.builder.id)."`
	BuildTypes    Globs `yaml:"build-types" jsonschema_description:"Patterns of the build type."`
	Sources       Globs `yaml:"sources" jsonschema_description:"Patterns of the source repository's URL, such as https://github.com/acme/app. It comes from the certificate, and what the provenance says must agree."`
	Refs          Globs `yaml:"refs" jsonschema_description:"Patterns of the ref that was built, such as refs/tags/v*. It comes from the certificate, and what the provenance says must agree."`
	Workflows     Globs `yaml:"workflows" jsonschema_description:"Patterns of the workflow that signed, with its ref, such as https://github.com/acme/ci/.github/workflows/build.yml@refs/heads/main. It comes from the certificate."`
	HostedRunners bool  `yaml:"hosted-runners" jsonschema_description:"Refuse builds on self-hosted runners."`
	MaxAge        Span  `yaml:"max-age" jsonschema_description:"How old the build may be, by a verified timestamp."`
	TrustClaims   bool  `yaml:"trust-claims" jsonschema_description:"Believe what a provenance under a plain key says of source, ref, workflow and runner: for keys that only the builder itself can use."`
}

// SBOM demands an SBOM.
type SBOM struct {
	SignedBy Names  `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose SBOM counts (default: those under signatures, or all)."`
	Formats  Names  `yaml:"formats" jsonschema:"minItems=1" jsonschema_description:"Formats of which one must be there."`
	Coverage Extent `yaml:"coverage" jsonschema:"enum=partial,enum=complete" jsonschema_description:"How much of the code of each ecosystem the SBOM must account for: complete, or partial for no ecosystem of which nothing could be recovered. An SBOM that does not say is not enough."`
	Edges    Extent `yaml:"edges" jsonschema:"enum=partial,enum=complete" jsonschema_description:"How complete the dependencies between components must be."`
	MaxAge   Span   `yaml:"max-age" jsonschema_description:"How old its signature may be, by a verified timestamp."`
}

// Vulnerabilities limits known vulnerabilities.
type Vulnerabilities struct {
	Use      string `yaml:"use" jsonschema:"enum=attested,enum=feed" jsonschema_description:"Where findings come from: attested, the newest scan by an accepted signer (default); or feed, the components of the SBOM matched now against the local advisory feed."`
	SignedBy Names  `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose scan or SBOM counts (default: those under signatures, or all)."`
	MaxAge   Span   `yaml:"max-age" jsonschema_description:"How old the knowledge may be: that of an attested scan by a verified timestamp and the date of its feed, or that of the local feed."`

	Severity    vulndb.Severity `yaml:"severity" jsonschema:"enum=low,enum=medium,enum=high,enum=critical" jsonschema_description:"Refuse findings of this severity or above. Unknown severities count as any. Malicious packages are always refused."`
	Exploited   bool            `yaml:"exploited" jsonschema_description:"Refuse findings that are in CISA's catalogue of exploited vulnerabilities (use: feed, with a catalogue)."`
	Overdue     Names           `yaml:"overdue" jsonschema:"minItems=1" jsonschema_description:"Refuse findings that should have been dealt with by now: names of tables of deadlines (those of scan --deadlines), or scan for those under scan: (use: feed)."`
	NotAssessed bool            `yaml:"allow-not-assessed" jsonschema_description:"Accept components that could not be compared with the feed. They are refused otherwise: nothing is known of them."`
	Ignore      []Ignore        `yaml:"ignore" jsonschema:"minItems=1" jsonschema_description:"Findings that these rules accept for a time. They are listed in the verdict."`
	ScanIgnore  bool            `yaml:"use-scan-ignore" jsonschema_description:"Accept what is ignored under scan: too."`
}

// Hazards refuses hazards that are not refused anyway.
type Hazards struct {
	Deny Names `yaml:"deny" jsonschema:"required,minItems=1" jsonschema_description:"Ids of hazards, as fnseal inspect prints them; all for every one."`
}

// Runtime limits the managed runtime.
type Runtime struct {
	SignedBy  Names `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose SBOM counts (default: those under signatures, or all)."`
	Allow     Globs `yaml:"allow" jsonschema_description:"Patterns of runtimes, such as nodejs2*.x."`
	Supported Span  `yaml:"supported-for" jsonschema_description:"How much longer the runtime must get security patches; a runtime without patches is refused in any case."`
}

// Components limits third-party components.
type Components struct {
	SignedBy  Names      `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose SBOM counts (default: those under signatures, or all)."`
	Allow     Globs      `yaml:"allow" jsonschema_description:"Patterns of names or package URLs; whatever matches none is refused. Of package URLs, @VERSION can be left out."`
	Deny      []Denied   `yaml:"deny" jsonschema:"minItems=1" jsonschema_description:"Components that are refused."`
	Licenses  *AllowDeny `yaml:"licenses" jsonschema_description:"SPDX ids of licences. An expression is accepted if a choice it offers is."`
	Suppliers *AllowDeny `yaml:"suppliers" jsonschema_description:"Names of those who made a component."`
}

// Denied is a component that is refused.
type Denied struct {
	Component Glob   `yaml:"component" jsonschema:"required" jsonschema_description:"Pattern of names or package URLs, such as event-stream or pkg:npm/event-stream@3.3.*"`
	Reason    string `yaml:"reason" jsonschema_description:"Why; it is printed in the verdict."`
}

// AllowDeny accepts and refuses values.
type AllowDeny struct {
	Allow        Globs `yaml:"allow" jsonschema_description:"Patterns; whatever matches none is refused."`
	Deny         Globs `yaml:"deny" jsonschema_description:"Patterns; whatever matches one is refused."`
	AllowUnknown bool  `yaml:"allow-unknown" jsonschema_description:"Accept components of which the SBOM says nothing of the kind. They are refused otherwise."`
}

// Attestation demands an attestation.
type Attestation struct {
	Type     string `yaml:"type" jsonschema:"required" jsonschema_description:"Predicate type: a URI, or test-result, vulns, cyclonedx, spdx, provenance, openvex, link."`
	SignedBy Names  `yaml:"signed-by" jsonschema:"minItems=1" jsonschema_description:"Signers whose attestation counts (default: those under signatures, or all)."`
	MaxAge   Span   `yaml:"max-age" jsonschema_description:"How old its signature may be, by a verified timestamp."`
	Result   Names  `yaml:"result" jsonschema:"minItems=1" jsonschema_description:"For test-result: the results that are accepted (default: PASSED)."`
	Where    string `yaml:"where" jsonschema_description:"A condition in CEL that must hold, with the predicate as predicate."`

	uri   string // of Type
	where *condition
}

// Receipt demands the verdict of another gate.
type Receipt struct {
	Verifier string `yaml:"verifier" jsonschema:"required" jsonschema_description:"The verifier's id, a URI, as verify --receipt-verifier gave it."`
	SignedBy Names  `yaml:"signed-by" jsonschema:"required,minItems=1" jsonschema_description:"Signers who speak for that verifier."`
	Resource Glob   `yaml:"resource" jsonschema_description:"Pattern of the resource's URI; without it the resource must be the artifact's own name."`
	Policy   string `yaml:"policy" jsonschema_description:"Digest of the policy it was judged by, as fnseal policy check prints it."`
	Levels   Names  `yaml:"levels" jsonschema:"minItems=1" jsonschema_description:"Levels it must state, such as SLSA_BUILD_LEVEL_3; a higher level of the same track does."`
	MaxAge   Span   `yaml:"max-age" jsonschema_description:"How old it may be, by a verified timestamp."`
}

// Expression is a condition in CEL.
type Expression struct {
	Name    string `yaml:"name" jsonschema:"required" jsonschema_description:"What it is about, in a word or two; it names the check."`
	That    string `yaml:"that" jsonschema:"required" jsonschema_description:"The condition, such as package.kind == 'zip' && sbom.components.size() < 500."`
	Message string `yaml:"message" jsonschema_description:"What to say when it does not hold."`

	that *condition
}

// The sources of findings.
const (
	useAttested = "attested"
	useFeed     = "feed"
)

// Extent is how complete something is.
type Extent string

// The extents.
const (
	Partial  Extent = "partial"
	Complete Extent = "complete"
)

// Demanded lists what the rules are about, by their keys in the policy file.
func (r Rules) Demanded() []string {
	var out []string
	for _, d := range []struct {
		name string
		made bool
	}{
		{"signatures", r.Signatures != nil}, {"approvals", r.Approvals != nil}, {"provenance", r.Provenance != nil},
		{"sbom", r.SBOM != nil}, {"vulnerabilities", r.Vulnerabilities != nil}, {"hazards", r.Hazards != nil},
		{"runtime", r.Runtime != nil}, {"components", r.Components != nil},
	} {
		if d.made {
			out = append(out, d.name)
		}
	}
	for _, a := range r.Attestations {
		out = append(out, "attestation "+a.Type)
	}
	for _, rec := range r.Receipts {
		out = append(out, "receipt of "+rec.Verifier)
	}
	for _, x := range r.Expressions {
		out = append(out, "expression "+x.Name)
	}
	for _, p := range r.Presets {
		out = append(out, "preset "+p)
	}
	return out
}

// String describes the signer for a person.
func (s *Signer) String() string {
	if s.Key != "" {
		return "the key in " + s.Key
	}
	return s.accepts.String()
}
