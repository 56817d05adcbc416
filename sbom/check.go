package sbom

import (
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Standard is a published list of what an SBOM must say.
type Standard string

// The standards that Check knows.
const (
	// CISA2026 is CISA's "Minimum Elements for a Software Bill of Materials"
	// of July 2026, the successor of NTIA's of 2021: nine elements of the
	// document, eight of each component, and what it asks of practices as far
	// as a document shows them.
	CISA2026 Standard = "CISA minimum elements 2026"

	// BSI21 is BSI TR-03183 "Cyber Resilience Requirements for Manufacturers
	// and Products", part 2 "Software Bill of Materials", version 2.1.
	BSI21 Standard = "BSI TR-03183-2 v2.1"
)

// Level is how strongly a standard asks for an element.
type Level string

// The levels.
const (
	Required   Level = "required"
	Additional Level = "additional" // required where the information exists
)

// Outcome is the result of one rule.
type Outcome string

// The outcomes.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	NotApplicable Outcome = "not applicable" // there is nothing it applies to
)

// CheckReport says what a document of an inventory says and lacks.
type CheckReport struct {
	Format  Format
	Version string // of the format
	Rules   []Rule // by standard, in the standard's order
}

// Rule is one element that a standard asks for.
type Rule struct {
	Standard Standard
	Element  string // the standard's own name for it
	Section  string // of the standard; empty if it numbers none
	Level    Level
	Outcome  Outcome

	// Of counts the things the rule applies to, and Lacking those of them
	// without the element. Both are 1 or less for what concerns the document.
	Of, Lacking int

	// Examples names the first few that lack it.
	Examples []string

	// Note says what a person should know of the outcome.
	Note string
}

// Passed reports whether a document fulfils everything s requires.
func (r *CheckReport) Passed(s Standard) bool {
	for _, rule := range r.Rules {
		if rule.Standard == s && rule.Level == Required && rule.Outcome == Fail {
			return false
		}
	}
	return true
}

// maxExamples is how many things that lack an element are named.
const maxExamples = 3

// Check says which elements of the standards the document has that Write would
// write of inv, in the given format and with the given options. Each package
// the document describes counts as a component, as both standards ask.
//
// The elements are those of the published texts as far as they concern the
// document; what they ask of processes around it cannot be seen in it.
func Check(inv *fnpkg.Inventory, f Format, o Options) *CheckReport {
	version := o.SpecVersion
	if versions := f.Versions(); version == "" && len(versions) > 0 {
		version = versions[0]
	}
	c := checker{report: &CheckReport{Format: f, Version: version}, inv: inv, o: o, subjects: checkedSubjects(inv, o)}
	c.cisa()
	c.bsi()
	return c.report
}

// checked is a package or a component as the rules see it.
type checked struct {
	name     string
	version  string
	id       string // a package URL, or the digest of a package
	producer fnpkg.Party
	licenses []fnpkg.License
	source   string
	sha256   string
	sha512   string
	archive  fnpkg.Distribution
	isFile   bool
	own      bool // a package that the document describes
}

func checkedSubjects(inv *fnpkg.Inventory, o Options) []checked {
	var out []checked
	l := newLayout(inv)
	for _, u := range append([]*unit{l.root}, l.parts...) {
		s := u.inv.Subject
		c := checked{name: s.Name, isFile: s.Kind == fnpkg.KindZip, own: true}
		if u == l.root {
			c.producer = o.Supplier
		}
		if !s.Digest.IsZero() {
			c.version, c.id, c.sha256, c.sha512 = s.Digest.String(), packagePURL(s), s.Digest.Hex(), s.SHA512
		}
		out = append(out, c)
	}
	for _, u := range l.units() {
		for _, c := range u.inv.Components {
			out = append(out, checked{
				name: c.Name, version: c.Version, id: c.PURL, producer: c.Producer, licenses: c.Licenses,
				source: c.SourceURL, sha256: c.SHA256, sha512: c.SHA512, archive: c.Distribution, isFile: singleFile(c) != "",
			})
		}
	}
	return out
}

type checker struct {
	report   *CheckReport
	inv      *fnpkg.Inventory
	o        Options
	subjects []checked
}

// document adds a rule on the document as a whole.
func (c *checker) document(s Standard, section, element string, level Level, ok bool, note string) {
	r := Rule{Standard: s, Section: section, Element: element, Level: level, Outcome: Pass, Of: 1, Note: note}
	if !ok {
		r.Outcome, r.Lacking = Fail, 1
	}
	c.report.Rules = append(c.report.Rules, r)
}

// apart adds a rule on the document that cannot be seen in it.
func (c *checker) apart(s Standard, section, element string, level Level, note string) {
	c.report.Rules = append(c.report.Rules, Rule{Standard: s, Section: section, Element: element, Level: level, Outcome: NotApplicable, Note: note})
}

// each adds a rule on every package and component it applies to.
func (c *checker) each(s Standard, section, element string, level Level, applies, has func(checked) bool, note string) {
	r := Rule{Standard: s, Section: section, Element: element, Level: level, Outcome: Pass, Note: note}
	for _, one := range c.subjects {
		if !applies(one) {
			continue
		}
		r.Of++
		if has(one) {
			continue
		}
		r.Outcome = Fail
		if r.Lacking++; len(r.Examples) < maxExamples {
			r.Examples = append(r.Examples, one.name)
		}
	}
	if r.Of == 0 {
		r.Outcome = NotApplicable
	}
	c.report.Rules = append(c.report.Rules, r)
}

func always(checked) bool { return true }

func isFile(c checked) bool { return c.isFile }

func isThirdParty(c checked) bool { return !c.own }

// What the rules ask of one package or component.

func hasName(c checked) bool     { return c.name != "" }
func hasVersion(c checked) bool  { return c.version != "" }
func hasID(c checked) bool       { return c.id != "" }
func hasProducer(c checked) bool { return !c.producer.IsZero() }
func hasContact(c checked) bool  { return c.producer.Email != "" || c.producer.URL != "" }
func hasLicense(c checked) bool  { return len(settle(c.licenses)) > 0 }
func hasSHA512(c checked) bool   { return c.sha512 != "" || c.archive.SHA512 != "" }
func hasLocation(c checked) bool { return isAbsolute(c.archive.URL) }

func hasHash(c checked) bool {
	return c.sha256 != "" || c.archive.SHA256 != "" || hasSHA512(c)
}

func hasExpressions(c checked) bool {
	for _, l := range settle(c.licenses) {
		if !ValidExpression(l.Expression) {
			return false
		}
	}
	return hasLicense(c)
}

func (c *checker) isPURLs() bool { return c.report.Format == PURLs }

func (c *checker) cisa() {
	const s = CISA2026
	rich := !c.isPURLs() // a list of purls says nothing of itself
	c.document(s, "", "SBOM author", Required, rich && !c.o.Author.IsZero(), hintOf(c.o.Author.IsZero(), "name who answers for the document (--author)"))
	c.apart(s, "", "SBOM author signature", Required, "a signature stands beside the document: fnseal seal makes it, fnseal attest that of a document alone")
	c.document(s, "", "SBOM data format name", Required, rich, string(c.report.Format))
	c.document(s, "", "SBOM data format version", Required, rich, c.report.Version)
	c.document(s, "", "generation context", Required, rich, "post-build, from the content of the package")
	c.document(s, "", "timestamp", Required, rich && c.timed(), "")
	c.document(s, "", "tool name", Required, rich, "")
	c.document(s, "", "tool version", Required, rich && c.o.ToolVersion != "", "")
	if c.report.Format == CycloneDXJSON || c.report.Format == CycloneDXXML {
		c.document(s, "", "SBOM version", Required, true, "version and serial number, which derives from the content")
	} else {
		c.apart(s, "", "SBOM version", Required, "the format has none; the namespace derives from the content")
	}
	c.document(s, "", "dependency relationships", Required, rich, c.edgesNote())
	c.each(s, "", "component name", Required, always, hasName, "")
	c.each(s, "", "component version", Required, always, hasVersion, "a version that nothing states is not guessed; it is marked as unknown")
	c.each(s, "", "component identifiers", Required, always, hasID, "")
	c.each(s, "", "component producer", Required, always, func(x checked) bool { return rich && hasProducer(x) }, "from the component's own metadata only")
	c.each(s, "", "component hash", Required, always, func(x checked) bool { return rich && hasHash(x) }, "of the component where it is one file, or of the archive that a lock file states; a tree of files has neither")
	c.each(s, "", "component hash algorithm", Required, always, func(x checked) bool { return rich && hasHash(x) }, "SHA-256, SHA-512")
	c.each(s, "", "license", Required, isThirdParty, func(x checked) bool { return rich && hasLicense(x) }, "")
	c.document(s, "", "coverage", Required, rich && c.covered(), c.coverageNote())
	c.document(s, "", "known unknowns", Required, rich, "what is unknown is said: compositions or completeness, coverage of each ecosystem, fnseal:unknown of each component")
}

func (c *checker) bsi() {
	const s = BSI21
	c.document(s, "§4", "SBOM format", Required, c.bsiFormat(), "CycloneDX from 1.6, SPDX from 3.0.1")
	contact := c.o.Author.Email != "" || c.o.Author.URL != ""
	c.document(s, "§5.2.1", "creator of the SBOM", Required, contact && !c.isPURLs(), hintOf(!contact, "an e-mail address or a URL is needed"))
	c.document(s, "§5.2.1", "timestamp", Required, c.timed() && !c.isPURLs(), "")
	rich := func(has func(checked) bool) func(checked) bool {
		return func(x checked) bool { return !c.isPURLs() && has(x) }
	}
	c.each(s, "§5.2.2", "component creator", Required, always, rich(hasContact), "an e-mail address or a URL, from the component's own metadata only")
	c.each(s, "§5.2.2", "component name", Required, always, hasName, "")
	c.each(s, "§5.2.2", "component version", Required, always, hasVersion, "a version that nothing states is not guessed")
	files := "of components that are one file; trees of files are logical components"
	c.each(s, "§5.2.2", "filename of the component", Required, isFile, rich(hasName), files)
	// SPDX 2 has no words for completeness, nor for what a file is.
	modern := func(checked) bool { return c.bsiFormat() }
	c.each(s, "§5.2.2", "dependencies on other components", Required, always, modern, c.edgesNote())
	c.each(s, "§5.2.2", "distribution licences", Required, isThirdParty, func(x checked) bool { return c.o.ConcludeLicenses && rich(hasExpressions)(x) },
		hintOf(!c.o.ConcludeLicenses, "licences are those the creator declared; that they hold for this distribution is for the author to conclude (--licenses concluded)"))
	c.each(s, "§5.2.2", "hash value of the deployable component", Required, isFile, rich(hasSHA512), "SHA-512, "+files)
	c.each(s, "§5.2.2", "executable property", Required, isFile, modern, files)
	c.each(s, "§5.2.2", "archive property", Required, isFile, modern, files)
	c.each(s, "§5.2.2", "structured property", Required, isFile, modern, files)
	c.document(s, "§5.2.3", "SBOM-URI", Additional, !c.isPURLs(), "")
	c.each(s, "§5.2.4", "source code URI", Additional, isThirdParty, func(x checked) bool { return !c.isPURLs() && isAbsolute(x.source) }, "from the component's own metadata only")
	c.each(s, "§5.2.4", "URI of the deployable form of the component", Additional, isThirdParty, rich(hasLocation), "as a lock file states it")
	c.each(s, "§5.2.4", "other unique identifiers", Additional, isThirdParty, hasID, "")
	c.each(s, "§5.2.4", "original licences", Additional, isThirdParty, rich(hasExpressions), "as SPDX expressions")
}

func hintOf(needed bool, text string) string {
	if needed {
		return text
	}
	return ""
}

func (c *checker) bsiFormat() bool {
	switch c.report.Format {
	case CycloneDXJSON, CycloneDXXML, SPDX3JSON:
		return true // in every version that is written
	}
	return false
}

func (c *checker) timed() bool { return formatTime(c.o.stamp(c.inv.Subject)) != "" }

func (c *checker) covered() bool {
	for _, row := range c.inv.Coverage {
		if row.State != fnpkg.CoverageComplete {
			return false
		}
	}
	return true
}

func (c *checker) coverageNote() string {
	var words []string
	for _, row := range c.inv.Coverage {
		if row.State != fnpkg.CoverageComplete {
			words = append(words, row.Ecosystem+": "+string(row.State))
		}
	}
	return strings.Join(words, ", ")
}

func (c *checker) edgesNote() string {
	var words []string
	for _, row := range c.inv.Coverage {
		words = append(words, row.Ecosystem+": "+string(edgeState(row)))
	}
	if words == nil {
		return "completeness is stated as unknown"
	}
	return "completeness is stated: " + strings.Join(words, ", ")
}
