package vulndb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThreshold(t *testing.T) {
	findings := []Finding{
		{ID: "critical", Severity: SeverityCritical},
		{ID: "high", Severity: SeverityHigh},
		{ID: "medium", Severity: SeverityMedium},
		{ID: "low", Severity: SeverityLow},
		{ID: "none", Severity: SeverityNone},
		{ID: "unknown", Severity: SeverityUnknown},
		{ID: "malicious", Severity: SeverityNone, Malicious: true},
	}
	for _, tt := range []struct {
		threshold string
		want      []string
	}{
		{"none", []string{"malicious"}},
		{"critical", []string{"critical", "unknown", "malicious"}},
		{"high", []string{"critical", "high", "unknown", "malicious"}},
		{"medium", []string{"critical", "high", "medium", "unknown", "malicious"}},
		{"low", []string{"critical", "high", "medium", "low", "unknown", "malicious"}},
		{"any", []string{"critical", "high", "medium", "low", "none", "unknown", "malicious"}},
	} {
		t.Run(tt.threshold, func(t *testing.T) {
			threshold, err := ParseThreshold(tt.threshold)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range threshold.Over(findings) {
				got = append(got, f.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("over the threshold (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := ParseThreshold("hgih"); err == nil {
		t.Error("ParseThreshold accepted a misspelt severity")
	}
}
