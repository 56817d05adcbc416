// Package vex reads what others say about whether a defect matters: documents
// in OpenVEX, CycloneDX and CSAF become the same [Statement]s, and it writes
// OpenVEX.
package vex

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Status is what a statement says of a defect in a product, in the words of
// OpenVEX.
type Status string

// The statuses (OpenVEX 0.2.0, "Status Labels").
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// Settles reports whether nothing has to be done about a defect of this status.
func (s Status) Settles() bool { return s == NotAffected || s == Fixed }

// Statement says of which status a defect is in some products.
type Statement struct {
	IDs           []string // of the defect, with its aliases
	Products      []Product
	Status        Status
	Justification string // the label, for example "vulnerable_code_not_present"
	Text          string // impact, detail or notes, in the author's words
	Source        string // file or document it is from
	Time          time.Time
}

// Product is what a statement is about: a component by itself, or components
// within a package.
type Product struct {
	ID            string   // as the document has it: a package URL or another name
	SHA256        string   // hexadecimal; empty if not given
	Subcomponents []string // package URLs; empty if the product as a whole is meant
}

// Limits of a document; more is not read.
const (
	MaxBytes      = 64 << 20
	maxStatements = 100_000
)

// ErrUnknownFormat is returned for bytes that are a document in none of the
// formats.
var ErrUnknownFormat = errors.New("neither OpenVEX, nor CycloneDX with vulnerabilities, nor CSAF")

// Parse reads a document in any of the formats. source is what Statements name
// as theirs.
func Parse(data []byte, source string) ([]Statement, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, more than the limit of %d", len(data), MaxBytes)
	}
	var probe struct {
		Context   string          `json:"@context"`
		BOMFormat string          `json:"bomFormat"`
		Document  json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		var wrongType *json.UnmarshalTypeError
		if !errors.As(err, &wrongType) {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
	}
	var statements []Statement
	var err error
	switch {
	case strings.HasPrefix(probe.Context, "https://openvex.dev/ns"):
		statements, err = parseOpenVEX(data)
	case probe.BOMFormat == "CycloneDX":
		statements, err = parseCycloneDX(data)
	case len(probe.Document) > 0:
		statements, err = parseCSAF(data)
	default:
		return nil, ErrUnknownFormat
	}
	if err != nil {
		return nil, err
	}
	if len(statements) > maxStatements {
		return nil, fmt.Errorf("it has %d statements, more than the limit of %d", len(statements), maxStatements)
	}
	for i := range statements {
		statements[i].Source = source
	}
	return statements, nil
}

// Subject is what a statement is held against: a component in a package.
type Subject struct {
	IDs    []string // of the defect
	PURL   string   // of the component
	Name   string   // of the package it lies in
	SHA256 string   // of that package, hexadecimal; empty if unknown
}

// Find returns the statement that decides about a subject: of those about it
// the latest, and of equally late ones the one that comes last.
func Find(statements []Statement, s Subject) (Statement, bool) {
	found, ok := Statement{}, false
	for _, st := range statements {
		if !slices.ContainsFunc(st.IDs, func(id string) bool { return slices.Contains(s.IDs, id) }) {
			continue
		}
		if !slices.ContainsFunc(st.Products, func(p Product) bool { return p.covers(s, st.Status) }) {
			continue
		}
		if !ok || !st.Time.Before(found.Time) {
			found, ok = st, true
		}
	}
	return found, ok
}

// covers reports whether a product is the subject's component, or a package
// that holds it. That a component is fixed says nothing of its other versions,
// so a statement of that kind has to name one.
func (p Product) covers(s Subject, status Status) bool {
	if len(p.Subcomponents) == 0 && samePackage(p.ID, s.PURL) {
		path, _, _ := splitPURL(p.ID)
		_, version := splitVersion(path)
		return version != "" || status != Fixed
	}
	if !p.isPackage(s) {
		return false
	}
	return len(p.Subcomponents) == 0 ||
		slices.ContainsFunc(p.Subcomponents, func(sub string) bool { return samePackage(sub, s.PURL) })
}

// isPackage reports whether the product is the package the component lies in.
// A digest decides alone; a name may be bare or that of a package URL.
func (p Product) isPackage(s Subject) bool {
	if p.SHA256 != "" {
		return s.SHA256 != "" && strings.EqualFold(p.SHA256, s.SHA256)
	}
	if p.ID == s.Name && s.Name != "" {
		return true
	}
	path, query, isPURL := splitPURL(p.ID)
	if !isPURL || s.Name == "" {
		return false
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	name, version, _ := strings.Cut(name, "@")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	if digest := query.Get("checksum"); digest != "" {
		return s.SHA256 != "" && strings.EqualFold(digest, "sha256:"+s.SHA256)
	}
	if hex, ok := strings.CutPrefix(version, "sha256:"); ok {
		return strings.EqualFold(hex, s.SHA256)
	}
	return name == s.Name && version == ""
}

// samePackage reports whether the package URL of a statement names the
// component: the same package, and where the statement gives a version or
// qualifiers the same ones.
func samePackage(stated, component string) bool {
	path, query, ok := splitPURL(stated)
	if !ok {
		return false
	}
	have, haveQuery, ok := splitPURL(component)
	if !ok {
		return false
	}
	name, version := splitVersion(path)
	haveName, haveVersion := splitVersion(have)
	if !strings.EqualFold(name, haveName) || version != "" && version != haveVersion {
		return false
	}
	for key := range query {
		if query.Get(key) != haveQuery.Get(key) {
			return false
		}
	}
	return true
}

// splitPURL returns type, namespace, name and version of a package URL, and its
// qualifiers.
func splitPURL(purl string) (path string, qualifiers url.Values, ok bool) {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	if !ok {
		return "", nil, false
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	qualifiers, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, false
	}
	return strings.Trim(path, "/"), qualifiers, true
}

// splitVersion takes the version off; what is escaped in one spelling and not
// in the other is made the same.
func splitVersion(path string) (name, version string) {
	at := strings.LastIndexByte(path, '@')
	if at > strings.LastIndexByte(path, '/') && at > 0 {
		path, version = path[:at], path[at+1:]
	}
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	if unescaped, err := url.PathUnescape(version); err == nil {
		version = unescaped
	}
	return path, version
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// oneOf returns the first text that is not empty.
func oneOf(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return ""
}
