package policy

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// FeedComponents returns the components that the rules want matched against the
// local feed: those of every SBOM whose word counts. needed reports whether any
// rule does. Whoever gathers facts matches them, and gives the result back in
// PackageFacts.Scan.
func (p Policy) FeedComponents(facts verify.Facts) (components []fnpkg.Component, needed bool) {
	facts = p.counted(facts)
	docs := newDocuments(facts)
	taken := make(map[int]bool)
	for _, set := range p.Rules {
		v := set.Vulnerabilities
		if v == nil || v.Use != useFeed {
			continue
		}
		needed = true
		j := judging{evaluation: evaluation{facts: facts, policy: p}, set: set}
		for _, i := range j.attestations(v.SignedBy, isSBOM) {
			if inv, err := docs.inventory(i); err == nil && !taken[i] {
				taken[i] = true
				components = append(components, inv.Components...)
			}
		}
	}
	return components, needed
}

// vulnerabilities judges what is known to be wrong with the components.
func (j *judging) vulnerabilities(v Vulnerabilities) {
	var findings []vulndb.Finding
	var unassessed []string
	var from string
	if v.Use == useFeed {
		if j.inventories(CheckVulnerabilities, "vulnerabilities", v.SignedBy) == nil {
			return
		}
		if j.pkg.Scan == nil {
			j.add("vulnerabilities.use", Check{ID: CheckVulnerabilities, Wanted: "a match against the local feed",
				Reason: "the SBOM was not matched against a feed"})
			return
		}
		j.feedAge(v, j.pkg.Scan.Feed)
		findings, from = j.pkg.Scan.Findings, "the local feed"
		for _, n := range j.pkg.Scan.NotAssessed {
			if n.Component.Origin == fnpkg.OriginRuntime {
				continue // its provider patches it
			}
			unassessed = append(unassessed, n.Component.PURL+": "+n.Reason)
		}
	} else {
		i, s, ok := j.newestScan(v)
		if !ok {
			return
		}
		findings, unassessed, from = s.findings, s.notAssessed, j.facts.Bundles[i].Source
	}
	j.findings(v, findings, from)
	if !v.NotAssessed {
		c := Check{ID: CheckVulnerabilities + "-assessed", Wanted: "every component compared with the feed"}
		if n := len(unassessed); n > 0 {
			c.Reason = fmt.Sprintf("%s could not be compared: %s", count(n, "component"), clip(strings.Join(unassessed[:min(3, n)], ", ")))
		}
		j.add("vulnerabilities.allow-not-assessed", c)
	}
}

func (j *judging) feedAge(v Vulnerabilities, feed vulndb.Stamp) {
	if v.Exploited && feed.KEV == nil {
		j.add("vulnerabilities.exploited", Check{ID: CheckVulnerabilities + "-exploited", Wanted: "a catalogue of exploited vulnerabilities",
			Reason: "the feed holds no catalogue of exploited vulnerabilities (fnseal db update --kev)"})
	}
	if v.MaxAge == 0 {
		return
	}
	c := Check{ID: CheckVulnerabilities + "-age", Wanted: "at most " + v.MaxAge.String(), Found: stamp(feed.Built)}
	if age := feed.Age(j.policy.At); age > time.Duration(v.MaxAge) {
		c.Reason = fmt.Sprintf("the feed is of %s, %s old, more than %s", stamp(feed.Built), days(age), v.MaxAge)
	}
	j.add("vulnerabilities.max-age", c)
}

// newestScan returns the newest attested scan whose word counts, and judges its
// age.
func (j *judging) newestScan(v Vulnerabilities) (int, scan, bool) {
	best, newest := -1, scan{}
	var unread string
	for _, i := range j.attestations(v.SignedBy, isScan) {
		s, err := readScan(j.facts.Bundles[i].PredicateType(), j.docs.object(i))
		if err != nil {
			unread = fmt.Sprintf(": %s: %v", j.facts.Bundles[i].Source, err)
			continue
		}
		if best < 0 || s.at.After(newest.at) {
			best, newest = i, s
		}
	}
	if best < 0 {
		reason := j.none("scan", v.SignedBy, isScan)
		if unread != "" {
			reason = "there is no scan that can be read" + unread
		}
		j.add("vulnerabilities", Check{ID: CheckVulnerabilities, Wanted: "an attested scan", Reason: reason})
		return 0, scan{}, false
	}
	if v.MaxAge == 0 {
		return best, newest, true
	}
	b := j.facts.Bundles[best]
	c := Check{ID: CheckVulnerabilities + "-age", Bundle: b.Source, Wanted: "at most " + v.MaxAge.String(), Found: stamp(newest.at)}
	switch age, why := j.age(b); {
	case why != "":
		c.Reason = why
	case newest.at.After(j.policy.At.Add(skew)):
		c.Reason = "it says it is of " + stamp(newest.at) + ", which is still to come"
	case max(age, j.policy.At.Sub(newest.at)) > time.Duration(v.MaxAge):
		c.Reason = fmt.Sprintf("it knows what was known on %s, and was signed on %s: more than %s ago", stamp(newest.at), stamp(b.Earliest()), v.MaxAge)
	}
	j.add("vulnerabilities.max-age", c)
	return best, newest, true
}

// findings judges what was found.
func (j *judging) findings(v Vulnerabilities, findings []vulndb.Finding, from string) {
	var over, overdue, ignored []string
	for _, f := range findings {
		if f.Component.Origin == fnpkg.OriginRuntime {
			continue // its provider patches it
		}
		what := f.ID + " in " + f.Component.PURL
		reason := j.tooMuch(v, f)
		late := j.late(v, f)
		if reason == "" && late == "" {
			continue
		}
		ig, expired := j.ignored(v, f)
		switch {
		case ig != nil && !expired:
			ignored = append(ignored, fmt.Sprintf("%s until %s: %s", what, ig.Expires, ig.Reason))
			continue
		case expired:
			what += fmt.Sprintf(" (ignored until %s)", ig.Expires)
		}
		if reason != "" {
			over = append(over, what+" "+reason)
		}
		if late != "" {
			overdue = append(overdue, what+", "+late)
		}
	}
	c := Check{ID: CheckVulnerabilities, Wanted: v.wanted(), Found: count(len(findings), "finding") + " in " + from}
	c.Reason = few(over)
	j.add("vulnerabilities", c)
	if len(v.Overdue) > 0 {
		c := Check{ID: CheckVulnerabilities + "-overdue", Wanted: "nothing overdue by " + v.Overdue.String(), Reason: few(overdue)}
		if slices.Contains(v.Overdue, scanDeadlines) && noDeadlines(j.policy.Deadlines) {
			c.Reason = "the policy sets no deadlines under scan:"
		}
		j.add("vulnerabilities.overdue", c)
	}
	if len(ignored) > 0 {
		j.add("vulnerabilities.ignore", Check{ID: CheckVulnerabilities + "-ignored", Outcome: NotChecked, Reason: few(ignored)})
	}
}

// scanDeadlines names the deadlines of the policy's own scan section.
const scanDeadlines = "scan"

func noDeadlines(d patch.Deadlines) bool {
	return len(d.Severity) == 0 && d.Exploited == nil && len(d.Likely) == 0 && d.Malicious == nil
}

// few joins the first of several things to say.
func few(all []string) string {
	const most = 5
	s := strings.Join(all[:min(most, len(all))], "; ")
	if more := len(all) - most; more > 0 {
		s += fmt.Sprintf("; %d more", more)
	}
	return s
}

// wanted describes what may be found.
func (v Vulnerabilities) wanted() string {
	parts := []string{"no malicious package"}
	if v.Severity != "" {
		parts = append(parts, "nothing of severity "+string(v.Severity)+" or above")
	}
	if v.Exploited {
		parts = append(parts, "nothing that is exploited")
	}
	return strings.Join(parts, ", ")
}

// tooMuch says why a finding is too much, "" if it is not.
func (j *judging) tooMuch(v Vulnerabilities, f vulndb.Finding) string {
	switch {
	case f.Malicious || strings.HasPrefix(f.ID, "MAL-"):
		return "is malicious"
	case v.Exploited && f.KEV != nil:
		return "is known to be exploited"
	case v.Severity != "" && f.Severity == vulndb.SeverityUnknown:
		return "is of unknown severity"
	case v.Severity != "" && f.Severity.Rank() >= v.Severity.Rank():
		return "is of severity " + string(f.Severity)
	}
	return ""
}

// late says by which deadline a finding is overdue, "" if it is not.
func (j *judging) late(v Vulnerabilities, f vulndb.Finding) string {
	for _, name := range v.Overdue {
		table, ok := patch.Preset(name)
		if name == scanDeadlines {
			table, ok = j.policy.Deadlines, true
		}
		if !ok {
			continue // Load refused it
		}
		if due := table.Due(f, j.policy.At); due.Overdue {
			return fmt.Sprintf("due on %s (%s)", due.Date.Format(time.DateOnly), due.Rule)
		}
	}
	return ""
}

// ignored returns the entry that ignores a finding, and whether that is past.
// One that is not past is preferred.
func (j *judging) ignored(v Vulnerabilities, f vulndb.Finding) (found *Ignore, expired bool) {
	entries := v.Ignore
	if v.ScanIgnore {
		entries = slices.Concat(entries, j.policy.Ignore)
	}
	ids := append(append([]string{f.ID}, f.Aliases...), f.Records...)
	for i, ig := range entries {
		if !slices.Contains(ids, ig.ID) {
			continue
		}
		if ig.Package != "" {
			if ok, err := path.Match(ig.Package, f.Component.Name); err != nil || !ok {
				continue
			}
		}
		if !ig.Expires.Past(j.policy.At) {
			return &entries[i], false
		}
		found, expired = &entries[i], true
	}
	return found, expired
}

// scan is what an attested scan says.
type scan struct {
	at          time.Time // what was known then
	findings    []vulndb.Finding
	notAssessed []string
}

// notAssessedID marks what a scan could not compare.
const notAssessedID = "fnseal:not-assessed"

// readScan reads the predicate of a scan (in-toto attestation framework,
// spec/predicates/vulns_02.md).
func readScan(predicateType string, p map[string]any) (scan, error) {
	if predicateType != attest.TypeVulns {
		return scan{}, errors.New("its findings are in a form of the scanner's own")
	}
	var s scan
	finished, err := time.Parse(time.RFC3339, text(p, "metadata", "scanFinishedOn"))
	if err != nil {
		return scan{}, errors.New("it does not say when it was made")
	}
	s.at = finished
	// A scan knows no more than its feed did.
	if feed, err := time.Parse(time.RFC3339, text(p, "scanner", "db", "lastUpdate")); err == nil && feed.Before(s.at) {
		s.at = feed
	}
	result, ok := at(p, "scanner", "result").([]any)
	if !ok {
		return scan{}, errors.New("it has no list of results")
	}
	for _, r := range result {
		id := text(r, "id")
		f := vulndb.Finding{ID: id, Severity: severityOf(r), Malicious: strings.HasPrefix(id, "MAL-")}
		for _, a := range list(r, "annotations") {
			if purl := text(a, "purl"); purl != "" {
				f.Component = fnpkg.Component{PURL: purl, Name: nameOf(purl), Origin: f.Component.Origin}
			}
			if origin := text(a, "origin"); origin != "" {
				f.Component.Origin = fnpkg.Origin(origin)
			}
		}
		switch id {
		case "":
			return scan{}, errors.New("it has a result without an id")
		case notAssessedID:
			if f.Component.Origin == fnpkg.OriginRuntime {
				continue
			}
			s.notAssessed = append(s.notAssessed, f.Component.PURL)
		default:
			s.findings = append(s.findings, f)
		}
	}
	return s, nil
}

// severityOf returns the worst of the severities that a result states.
func severityOf(result any) vulndb.Severity {
	worst := vulndb.SeverityUnknown
	for _, s := range list(result, "severity") {
		got := severityWord(text(s, "score"))
		if got != vulndb.SeverityUnknown && (worst == vulndb.SeverityUnknown || got.Rank() > worst.Rank()) {
			worst = got
		}
	}
	return worst
}

// severityWord reads a label or a CVSS base score (CVSS v3.1 §5).
func severityWord(s string) vulndb.Severity {
	switch word := vulndb.Severity(strings.ToLower(s)); word {
	case vulndb.SeverityCritical, vulndb.SeverityHigh, vulndb.SeverityMedium, vulndb.SeverityLow, vulndb.SeverityNone:
		return word
	case "moderate":
		return vulndb.SeverityMedium
	case "negligible":
		return vulndb.SeverityLow
	}
	score, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || !(score >= 0 && score <= 10):
		return vulndb.SeverityUnknown
	case score >= 9:
		return vulndb.SeverityCritical
	case score >= 7:
		return vulndb.SeverityHigh
	case score >= 4:
		return vulndb.SeverityMedium
	case score > 0:
		return vulndb.SeverityLow
	}
	return vulndb.SeverityNone
}

// nameOf returns the name in a package URL in the words of its ecosystem.
func nameOf(purl string) string {
	rest, _ := strings.CutPrefix(purl, "pkg:")
	kind, rest, _ := strings.Cut(rest, "/")
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	if i := strings.LastIndex(rest, "@"); i > strings.LastIndex(rest, "/") {
		rest = rest[:i]
	}
	if name, err := url.PathUnescape(rest); err == nil {
		rest = name
	}
	if i := strings.LastIndex(rest, "/"); kind == "maven" && i >= 0 {
		rest = rest[:i] + ":" + rest[i+1:]
	}
	return rest
}
