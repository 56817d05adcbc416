package vulndb

import "fmt"

// Threshold says which findings are too bad to go on with. The zero value lets
// everything pass but malicious packages, which are over any threshold.
type Threshold struct {
	severity Severity // the lowest that counts; empty for none
	any      bool     // each finding counts, whatever its severity
}

// ParseThreshold reads "none", "any" or a severity from low to critical.
func ParseThreshold(s string) (Threshold, error) {
	switch sev := Severity(s); {
	case s == "none":
		return Threshold{}, nil
	case s == "any":
		return Threshold{any: true}, nil
	case sev == SeverityLow, sev == SeverityMedium, sev == SeverityHigh, sev == SeverityCritical:
		return Threshold{severity: sev}, nil
	}
	return Threshold{}, fmt.Errorf("%q is none of none, any, low, medium, high, critical", s)
}

// Any reports whether each finding counts.
func (t Threshold) Any() bool { return t.any }

// Over returns the findings at or over the threshold. An unknown severity
// counts as one that could be any: it is over each threshold.
func (t Threshold) Over(findings []Finding) []Finding {
	var over []Finding
	for _, f := range findings {
		switch {
		case f.Malicious, t.any,
			t.severity != "" && f.Severity == SeverityUnknown,
			t.severity != "" && f.Severity.Rank() >= t.severity.Rank():
			over = append(over, f)
		}
	}
	return over
}
