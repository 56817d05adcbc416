package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/manifest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// The part of SARIF 2.1.0 that is written here (OASIS, sarif-v2.1.0-errata01).
// The libraries for it validate with a schema engine of their own and write
// empty lists where the schema wants them left out.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string         `json:"id"`
		Name          string         `json:"name"`
		Short         sarifText      `json:"shortDescription"`
		Full          sarifText      `json:"fullDescription"`
		Help          sarifHelp      `json:"help"`
		HelpURI       string         `json:"helpUri,omitempty"`
		Configuration sarifLevel     `json:"defaultConfiguration"`
		Properties    map[string]any `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID        string             `json:"ruleId"`
		RuleIndex     int                `json:"ruleIndex"`
		Level         string             `json:"level"`
		Message       sarifText          `json:"message"`
		Locations     []sarifLocation    `json:"locations"`
		Fingerprints  map[string]string  `json:"partialFingerprints"`
		BaselineState string             `json:"baselineState,omitempty"`
		Suppressions  []sarifSuppression `json:"suppressions,omitempty"`
		Properties    map[string]any     `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int        `json:"startLine"`
		Snippet   *sarifText `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

// sarifSchema is where the schema of SARIF 2.1.0 is published.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// sarifFingerprint names how results are recognised from run to run; it changes
// with what goes into it.
const sarifFingerprint = "fnseal/v1"

// runtimeRuleID is the rule of managed runtimes at their end.
const runtimeRuleID = "runtime-end-of-life"

// PlanSARIF writes the plan as SARIF 2.1.0: a rule for each advisory, a result
// for each package it is found in, at the line of the source tree that names
// the component. sources may be nil; results then point at the package.
// version is fnseal's own.
func PlanSARIF(w io.Writer, p *patch.Plan, sources *manifest.Index, version string) error {
	s := &sarifWriter{plan: p, sources: sources, rules: map[string]int{}}
	s.run.Tool.Driver = sarifDriver{
		Name: "fnseal", Version: version, InformationURI: "https://github.com/fnseal/fnseal", Rules: []sarifRule{},
	}
	s.run.Automation.ID = "fnseal/scan"
	s.run.ColumnKind = "utf16CodeUnits"
	s.run.Results = []sarifResult{}
	for _, f := range p.Findings {
		s.finding(f, nil)
	}
	for _, set := range p.Suppressed {
		s.finding(set.Finding, &set.By)
	}
	for _, r := range p.Retirements {
		s.retirement(r)
	}
	invocation := sarifInvocation{Successful: true}
	for _, line := range unassessedLines(p) {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"warning", sarifText{"not assessed: " + term.Clean(line)}})
	}
	s.run.Invocations = []sarifInvocation{invocation}
	return writeJSON(w, sarifLog{
		Schema: sarifSchema, Version: "2.1.0",
		Runs: []sarifRun{s.run},
	})
}

type sarifWriter struct {
	plan    *patch.Plan
	sources *manifest.Index
	run     sarifRun
	rules   map[string]int
}

func (s *sarifWriter) finding(f *patch.Finding, by *patch.Reason) {
	index, ok := s.rules[f.ID]
	if !ok {
		index = len(s.run.Tool.Driver.Rules)
		s.rules[f.ID] = index
		s.run.Tool.Driver.Rules = append(s.run.Tool.Driver.Rules, sarifRuleOf(f))
	}
	for _, n := range targetsOf(f.Places) {
		target := s.plan.Targets[n].Name
		result := sarifResult{
			RuleID: f.ID, RuleIndex: index, Level: sarifLevelOf(f), Message: sarifText{s.message(f, target)},
			Fingerprints: map[string]string{sarifFingerprint: s.fingerprint(f.Fingerprint, target)},
			Properties:   map[string]any{"package": f.Component.PURL, "target": target},
		}
		for _, place := range f.Places {
			if place.Target == n {
				result.Locations = append(result.Locations, s.location(f, place))
			}
		}
		result.Locations = slices.CompactFunc(result.Locations, func(a, b sarifLocation) bool {
			return a.Physical.Artifact == b.Physical.Artifact && a.Physical.Region.StartLine == b.Physical.Region.StartLine
		})
		if f.To != "" {
			result.Properties["upgradeTo"] = f.To
		}
		if !f.Due.IsZero() {
			result.Properties["due"] = dayText(f.Due.Date)
		}
		switch {
		case by != nil:
			result.Suppressions = []sarifSuppression{{"external", "accepted", suppressedText(*by)}}
		case s.plan.Baseline && f.New:
			result.BaselineState = "new"
		case s.plan.Baseline:
			result.BaselineState = "unchanged"
		}
		s.run.Results = append(s.run.Results, result)
	}
}

// message is one sentence on what is there and one on what to do: the first is
// all that lists show.
func (s *sarifWriter) message(f *patch.Finding, target string) string {
	what := fmt.Sprintf("%s %s in %s", f.Component.Name, orUnknown(f.Component.Version), target)
	switch {
	case f.Malicious:
		what += " is a malicious package (" + f.ID + ")."
	case f.Possible:
		what += " may have " + f.ID + "."
	default:
		what += " has " + f.ID + "."
	}
	if f.Summary != "" {
		what += " " + strings.TrimSuffix(f.Summary, ".") + "."
	}
	what += " " + upperFirst(remedyDetail(f)) + "."
	if !f.Due.IsZero() {
		what += " Due " + dayText(f.Due.Date) + " (" + f.Due.Rule + ")."
	}
	return term.Clean(what)
}

// fingerprint tells the same defect in two packages apart. Of a single package
// the name is left out: builds put versions and commits into it.
func (s *sarifWriter) fingerprint(of, target string) string {
	if len(s.plan.Targets) == 1 {
		return of
	}
	sum := sha256.Sum256([]byte(of + "\x00" + target))
	return hex.EncodeToString(sum[:16])
}

// location is the line that names the component, or the package.
func (s *sarifWriter) location(f *patch.Finding, place patch.Place) sarifLocation {
	out := sarifLocation{Logical: []sarifLogical{{Name: f.Component.Name, Full: f.Component.PURL, Kind: "package"}}}
	if s.sources != nil {
		if at, ok := s.sources.Find(f.Component.Type, f.Component.Name, f.Component.Version, place.Direct); ok {
			out.Physical = sarifPhysical{sarifArtifact{fileURI(at.Path)}, sarifRegion{StartLine: at.Line, Snippet: &sarifText{shorten(term.Clean(at.Text), 200)}}}
			return out
		}
		// Brought in by what the sources do name.
		for _, parent := range slices.Backward(place.Via) {
			name := parent[:max(strings.LastIndexByte(parent, '@'), 0)]
			if at, ok := s.sources.Find(f.Component.Type, cmp.Or(name, parent), "", true); ok {
				out.Physical = sarifPhysical{sarifArtifact{fileURI(at.Path)}, sarifRegion{StartLine: at.Line}}
				return out
			}
		}
	}
	out.Physical = sarifPhysical{sarifArtifact{fileURI(s.plan.Targets[place.Target].Name)}, sarifRegion{StartLine: 1}}
	return out
}

// fileURI writes a relative path as a URI reference.
func fileURI(path string) string { return (&url.URL{Path: path}).String() }

func (s *sarifWriter) retirement(r patch.Retirement) {
	index, ok := s.rules[runtimeRuleID]
	if !ok {
		index = len(s.run.Tool.Driver.Rules)
		s.rules[runtimeRuleID] = index
		help := "The provider patches a managed runtime until it is deprecated; later it blocks creating and updating functions on it. Move the function to the successor that is named."
		s.run.Tool.Driver.Rules = append(s.run.Tool.Driver.Rules, sarifRule{
			ID: runtimeRuleID, Name: "RuntimeEndOfLife",
			Short: sarifText{"The managed runtime is at its end or near it"}, Full: sarifText{help}, Help: sarifHelp{help, help},
			Configuration: sarifLevel{"warning"}, Properties: map[string]any{"tags": []string{"security", "runtime"}, "security-severity": "5.0"},
		})
	}
	level := "note"
	if r.State != "supported" && r.State != "unreleased" {
		level = "warning"
	}
	if r.Due.Overdue {
		level = "error"
	}
	for _, n := range r.Targets {
		target := s.plan.Targets[n].Name
		text := fmt.Sprintf("%s runs on %s. It %s.", target, r.Runtime.Name, runtimeState(r))
		if r.Runtime.Successor != "" {
			text += " Move to " + r.Runtime.Successor + "."
		}
		s.run.Results = append(s.run.Results, sarifResult{
			RuleID: runtimeRuleID, RuleIndex: index, Level: level, Message: sarifText{term.Clean(text)},
			Fingerprints: map[string]string{sarifFingerprint: s.fingerprint(runtimeRuleID+" "+r.Runtime.Name, target)},
			Locations:    []sarifLocation{{Physical: sarifPhysical{sarifArtifact{fileURI(target)}, sarifRegion{StartLine: 1}}}},
		})
	}
}

func sarifRuleOf(f *patch.Finding) sarifRule {
	summary := term.Clean(cmp.Or(f.Summary, f.ID))
	rule := sarifRule{
		ID: f.ID, Name: "KnownVulnerability", HelpURI: advisoryURL(f.ID),
		Short: sarifText{shorten(summary, 200)}, Full: sarifText{shorten(summary, 1000)},
		Configuration: sarifLevel{sarifLevelOf(f)},
		Properties:    map[string]any{"tags": sarifTags(f)},
	}
	if f.Malicious {
		rule.Name = "MaliciousPackage"
	}
	if score := securitySeverity(f); score != "" {
		rule.Properties["security-severity"] = score
	}
	text, markdown := &strings.Builder{}, &strings.Builder{}
	line := func(label, value string) {
		if value == "" {
			return
		}
		fmt.Fprintf(text, "%s: %s\n", label, term.Clean(value))
		fmt.Fprintf(markdown, "- **%s**: %s\n", label, escapeMarkdown(value))
	}
	fmt.Fprintf(text, "%s\n\n", summary)
	fmt.Fprintf(markdown, "%s\n\n", escapeMarkdown(summary))
	line("Package", f.Component.Name)
	line("Severity", findingSeverity(f))
	line("Also known as", strings.Join(f.Aliases, ", "))
	if f.Exploited() {
		line("Exploited", "listed by CISA since "+dayText(f.KEV.Added))
	}
	if p, ok := f.Probability(); ok {
		line("Exploitation within 30 days (EPSS)", likelihood(p))
	}
	line("What to do", remedyDetail(f))
	line("Advisory", advisoryURL(f.ID))
	rule.Help = sarifHelp{text.String(), markdown.String()}
	return rule
}

// advisoryURL is where an advisory can be read; empty for what has no public
// place.
func advisoryURL(id string) string {
	for _, prefix := range []string{"CVE-", "GHSA-", "PYSEC-", "GO-", "RUSTSEC-", "MAL-", "OSV-", "DSA-", "DLA-", "ALPINE-", "USN-"} {
		if strings.HasPrefix(id, prefix) {
			return "https://osv.dev/vulnerability/" + url.PathEscape(id)
		}
	}
	return ""
}

// likelihood writes a probability for a person.
func likelihood(p float64) string {
	if p < 0.01 {
		return "less than 1 %"
	}
	return strconv.FormatFloat(p*100, 'f', 0, 64) + " %"
}

func sarifTags(f *patch.Finding) []string {
	tags := []string{"security", "vulnerability", string(f.Severity)}
	if f.Malicious {
		tags[1] = "malicious"
	}
	if f.Exploited() {
		tags = append(tags, "known-exploited")
	}
	return tags
}

func sarifLevelOf(f *patch.Finding) string {
	switch {
	case f.Malicious, f.Exploited(), f.Severity.Rank() >= vulndb.SeverityHigh.Rank():
		return "error"
	case f.Severity == vulndb.SeverityLow, f.Severity == vulndb.SeverityNone:
		return "note"
	}
	return "warning"
}

// securitySeverity is the score by which code hosts sort alerts; where there is
// only a word, the lowest score of that word (CVSS v3.1 §5).
func securitySeverity(f *patch.Finding) string {
	switch {
	case f.Malicious:
		return "10.0"
	case f.Score > 0:
		return strconv.FormatFloat(f.Score, 'f', 1, 64)
	}
	switch f.Severity {
	case vulndb.SeverityCritical:
		return "9.0"
	case vulndb.SeverityHigh:
		return "7.0"
	case vulndb.SeverityMedium:
		return "4.0"
	case vulndb.SeverityLow:
		return "0.1"
	}
	return ""
}
