package attest

import "time"

// Vulns is the predicate of TypeVulns: what a scanner found, with which data
// (in-toto attestation framework, spec/predicates/vulns_02.md).
type Vulns struct {
	Scanner  VulnScanner  `json:"scanner"`
	Metadata VulnMetadata `json:"metadata"`
}

// VulnScanner names the scanner and holds its result.
type VulnScanner struct {
	URI     string `json:"uri"`
	Version string `json:"version,omitempty"`
	DB      VulnDB `json:"db"`

	// Result lists what was found; empty says that nothing was.
	Result []Vuln `json:"result"`
}

// VulnDB is the advisory data the scanner compared with.
type VulnDB struct {
	URI        string    `json:"uri,omitempty"`
	Version    string    `json:"version,omitempty"`
	LastUpdate time.Time `json:"lastUpdate"`
}

// Vuln is one vulnerability found.
type Vuln struct {
	ID       string         `json:"id"`
	Severity []VulnSeverity `json:"severity"`

	// Annotations are what else there is to say: key and value pairs whose
	// values encode as JSON.
	Annotations []map[string]any `json:"annotations,omitempty"`
}

// VulnSeverity is a severity and the method that gave it, for example "nvd"
// with "medium" or "cvss_score" with "5.2".
type VulnSeverity struct {
	Method string `json:"method"`
	Score  string `json:"score"`
}

// VulnMetadata is when the scan ran.
type VulnMetadata struct {
	ScanStartedOn  time.Time `json:"scanStartedOn"`
	ScanFinishedOn time.Time `json:"scanFinishedOn"`
}

// Statement says v of subjects. Times are written in UTC, and lists that have
// no element as empty rather than null, as the specification requires them.
func (v Vulns) Statement(subjects []Subject) (Statement, error) {
	v.Scanner.DB.LastUpdate = v.Scanner.DB.LastUpdate.UTC()
	v.Metadata.ScanStartedOn = v.Metadata.ScanStartedOn.UTC()
	v.Metadata.ScanFinishedOn = v.Metadata.ScanFinishedOn.UTC()
	result := make([]Vuln, len(v.Scanner.Result))
	copy(result, v.Scanner.Result)
	for i := range result {
		if result[i].Severity == nil {
			result[i].Severity = []VulnSeverity{}
		}
	}
	v.Scanner.Result = result
	return NewStatement(subjects, TypeVulns, v)
}
