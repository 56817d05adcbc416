package report

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
)

// VerdictSARIF writes verdicts as SARIF 2.1.0: a rule for each kind of check, a
// result for each check that failed, at the target. Checks that were not made
// are notifications. version is fnseal's own.
func VerdictSARIF(w io.Writer, verdicts []policy.Verdict, version string) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "fnseal", Version: version, InformationURI: "https://github.com/fnseal/fnseal", Rules: []sarifRule{}}},
		Automation: sarifAutomation{ID: "fnseal/verify"},
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
	}
	ids := verdictCheckIDs(verdicts)
	for _, id := range ids {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, verdictRule(id))
	}
	invocation := sarifInvocation{Successful: true}
	for _, v := range verdicts {
		for _, c := range v.Checks {
			switch c.Outcome {
			case policy.Fail:
				run.Results = append(run.Results, verdictResult(v, c, slices.Index(ids, c.ID)))
			case policy.NotChecked:
				invocation.Notifications = append(invocation.Notifications, sarifNotification{
					"note", sarifText{term.Clean(v.Target + ": " + c.ID + " not checked: " + checkText(v, c))},
				})
			}
		}
	}
	run.Invocations = []sarifInvocation{invocation}
	return writeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// verdictCheckIDs lists the ids of checks that failed, sorted.
func verdictCheckIDs(verdicts []policy.Verdict) []string {
	var ids []string
	for _, v := range verdicts {
		for _, c := range v.Checks {
			if c.Outcome == policy.Fail {
				ids = append(ids, c.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func verdictRule(id string) sarifRule {
	text := "The check " + id + " of fnseal verify did not hold: the artifact must not run."
	return sarifRule{
		ID: id, Name: id, Short: sarifText{"fnseal verify: " + id}, Full: sarifText{text},
		Help: sarifHelp{Text: text, Markdown: text}, HelpURI: "https://github.com/fnseal/fnseal/blob/main/docs/policy.md",
		Configuration: sarifLevel{"error"}, Properties: map[string]any{"tags": []string{"security", "supply-chain"}},
	}
}

func verdictResult(v policy.Verdict, c policy.Check, index int) sarifResult {
	lines := append([]string{checkText(v, c)}, differences(c)...)
	for i := range lines {
		lines[i] = term.Clean(lines[i])
	}
	// The same check of the same target, whatever it found this time.
	sum := sha256.Sum256([]byte(strings.Join([]string{v.Target, c.ID, c.Rule, c.Wanted}, "\x00")))
	r := sarifResult{
		RuleID: c.ID, RuleIndex: index, Level: "error", Message: sarifText{strings.Join(lines, "\n")},
		Locations: []sarifLocation{{Physical: sarifPhysical{
			Artifact: sarifArtifact{URI: (&url.URL{Path: v.Target}).String()}, Region: sarifRegion{StartLine: 1},
		}}},
		Fingerprints: map[string]string{sarifFingerprint: hex.EncodeToString(sum[:])},
		Properties:   map[string]any{"target": v.Target, "digest": v.Digest},
	}
	for name, value := range map[string]string{"found": c.Found, "wanted": c.Wanted, "rule": c.Rule, "bundle": c.Bundle} {
		if value != "" {
			r.Properties[name] = value
		}
	}
	return r
}
