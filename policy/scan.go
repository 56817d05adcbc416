package policy

import (
	"path"
	"slices"
)

// Scan says how findings are judged. It is the "scan:" section of a policy
// file.
type Scan struct {
	Deadlines Deadlines `yaml:"deadlines" jsonschema_description:"By when what is found must be dealt with."`
	Ignore    []Ignore  `yaml:"ignore" jsonschema:"minItems=1" jsonschema_description:"Advisories that are known and accepted for a time. What is ignored is listed in every report."`
	Private   []string  `yaml:"private" jsonschema:"minItems=1" jsonschema_description:"Patterns of package names that are nobody else's business, such as @acme/* or com.acme.*: they are looked up in local feeds only and sent nowhere."`
}

// Ignore accepts an advisory for a time.
type Ignore struct {
	ID      string `yaml:"id" jsonschema:"required" jsonschema_description:"The advisory, by its id or any of its aliases: CVE-…, GHSA-…, PYSEC-…"`
	Package string `yaml:"package" jsonschema_description:"Ignore it in this package only: a pattern of names such as lodash or @acme/*."`
	Reason  string `yaml:"reason" jsonschema:"required" jsonschema_description:"Why it does no harm here; it is printed in reports."`
	Expires Date   `yaml:"expires" jsonschema:"required" jsonschema_description:"The last day on which it is ignored, as in 2027-03-31 (UTC)."`
}

// add joins what another file says: lists are joined, and of single values that
// of the later file holds.
func (s *Scan) add(next Scan) {
	s.Deadlines.add(next.Deadlines)
	s.Ignore = slices.Concat(s.Ignore, next.Ignore)
	s.Private = slices.Concat(s.Private, next.Private)
}

// check reports what is wrong with values that can be read.
func (s *Scan) check(defect defectFunc) {
	s.Deadlines.check(under(defect, "deadlines"))
	for i, ig := range s.Ignore {
		ig.check(under(defect, index("ignore", i)))
	}
	for i, pattern := range s.Private {
		checkPattern(under(defect, index("private", i)), pattern)
	}
}

func (ig Ignore) check(defect defectFunc) {
	if ig.ID == "" {
		defect("id", "is missing: the advisory to ignore, as in CVE-2026-1234")
	}
	if ig.Reason == "" {
		defect("reason", "is missing: whoever reads the report must learn why it does no harm")
	}
	if ig.Expires.IsZero() {
		defect("expires", "is missing: the last day it is ignored, as in 2027-03-31")
	}
	if ig.Package != "" {
		checkPattern(under(defect, "package"), ig.Package)
	}
}

// checkPattern reports a pattern that path.Match would not understand.
func checkPattern(defect defectFunc, pattern string) {
	if pattern == "" {
		defect("", "is empty")
	} else if _, err := path.Match(pattern, ""); err != nil {
		defect("", "%q is not a pattern: *, ? and [a-z] stand for letters other than /", pattern)
	}
}
