package vulndb

import (
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// assessment is a severity and where it comes from.
type assessment struct {
	severity Severity
	score    float64
	vector   string
}

// worse reports whether a is to be preferred to b when both rate the same
// defect: a rating before none, then the higher one, then a score before a
// mere label.
func (a assessment) worse(b assessment) bool {
	if known := a.severity != SeverityUnknown; known != (b.severity != SeverityUnknown) {
		return known
	}
	if a.severity.Rank() != b.severity.Rank() {
		return a.severity.Rank() > b.severity.Rank()
	}
	return a.score > b.score
}

// assess rates a record as it bears on one package: from its CVSS vectors, and
// where it has none that can be read from the vendor's label.
func assess(a *advisory, key string) assessment {
	worst := assessment{severity: SeverityUnknown}
	rate := func(ratings []rating) {
		for _, r := range ratings {
			if got, ok := assessVector(r.Score); ok && got.worse(worst) {
				worst = got
			}
		}
	}
	rate(a.Severity)
	labels := []string{a.DatabaseSpecific.Severity}
	for _, affected := range a.Affected {
		if k, err := packageKey(affected.Package.Ecosystem, affected.Package.Name); err != nil || k != key {
			continue
		}
		rate(affected.Severity)
		labels = append(labels, affected.DatabaseSpecific.Severity, affected.EcosystemSpecific.Severity)
	}
	if worst.severity != SeverityUnknown {
		return worst
	}
	for _, label := range labels {
		if got := (assessment{severity: severityOfLabel(label)}); got.worse(worst) {
			worst = got
		}
	}
	return worst
}

// assessVector reads a CVSS vector of version 2, 3.0, 3.1 or 4.0.
func assessVector(vector string) (a assessment, ok bool) {
	if len(vector) > 1024 {
		return assessment{}, false
	}
	defer func() {
		if recover() != nil { // a vector is hostile text, and the scorers index tables with it
			a, ok = assessment{}, false
		}
	}()
	var score float64
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return assessment{}, false
		}
		score = v.Score()
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return assessment{}, false
		}
		score = v.BaseScore()
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return assessment{}, false
		}
		score = v.BaseScore()
	default:
		v, err := gocvss20.ParseVector(strings.Trim(vector, "()"))
		if err != nil {
			return assessment{}, false
		}
		return assessment{severity: severityOfScore2(v.BaseScore()), score: v.BaseScore(), vector: vector}, true
	}
	return assessment{severity: severityOfScore(score), score: score, vector: vector}, true
}

// severityOfScore is the qualitative rating of a score (CVSS v3.1 §5, the same
// in v4.0 §6).
func severityOfScore(score float64) Severity {
	switch {
	case score >= 9:
		return SeverityCritical
	case score >= 7:
		return SeverityHigh
	case score >= 4:
		return SeverityMedium
	case score > 0:
		return SeverityLow
	}
	return SeverityNone
}

// severityOfScore2 is the rating NVD gives scores of CVSS v2, which has no
// "critical" (https://nvd.nist.gov/vuln-metrics/cvss).
func severityOfScore2(score float64) Severity {
	switch {
	case score >= 7:
		return SeverityHigh
	case score >= 4:
		return SeverityMedium
	}
	return SeverityLow
}

// severityOfLabel reads a vendor's own word.
func severityOfLabel(label string) Severity {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "critical":
		return SeverityCritical
	case "high", "important":
		return SeverityHigh
	case "medium", "moderate":
		return SeverityMedium
	case "low", "minor", "negligible":
		return SeverityLow
	case "none":
		return SeverityNone
	}
	return SeverityUnknown
}
