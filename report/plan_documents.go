package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/sbom"
)

// PlanCycloneDX writes the inventories as a CycloneDX document that states the
// plan's findings as vulnerabilities: those that count as exploitable or in
// triage, those set aside with the reason.
func PlanCycloneDX(w io.Writer, p *patch.Plan, invs []*fnpkg.Inventory, o sbom.Options) error {
	var inv *fnpkg.Inventory
	if len(invs) == 1 {
		inv = invs[0]
	} else {
		inv = sbom.Merge("fleet", invs...)
	}
	o.Vulnerabilities = []sbom.Vulnerability{}
	for _, f := range p.Findings {
		v := vulnerabilityOf(p, f)
		// That a component is affected does not say that the function is.
		v.State = "in_triage"
		if f.Malicious || f.Exploited() {
			v.State = "exploitable"
		}
		o.Vulnerabilities = append(o.Vulnerabilities, v)
	}
	for _, s := range p.Suppressed {
		v := vulnerabilityOf(p, s.Finding)
		v.State, v.Detail = "not_affected", suppressedText(s.By)
		if s.By.Status == string(vex.Fixed) {
			v.State = "resolved"
		}
		o.Vulnerabilities = append(o.Vulnerabilities, v)
	}
	return sbom.WriteCycloneDX(w, inv, o)
}

func vulnerabilityOf(p *patch.Plan, f *patch.Finding) sbom.Vulnerability {
	v := sbom.Vulnerability{
		ID: f.ID, SourceName: "OSV", SourceURL: cmp.Or(advisoryURL(f.ID), "https://osv.dev"),
		Aliases: f.Aliases, Severity: string(f.Severity), Score: f.Score, Vector: f.Vector, Method: scoringMethod(f.Vector),
		Description: f.Summary, Advice: upperFirst(remedyDetail(f)),
		Published: timeText(f.Published), Updated: timeText(f.Modified),
	}
	for _, n := range targetsOf(f.Places) {
		v.Affects = append(v.Affects, sbom.Affected{Package: p.Targets[n].Name, PURL: f.Component.PURL})
	}
	return v
}

// scoringMethod names the version of a CVSS vector in CycloneDX's words.
func scoringMethod(vector string) string {
	switch {
	case vector == "":
		return ""
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		return "CVSSv4"
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		return "CVSSv31"
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		return "CVSSv3"
	}
	return "CVSSv2"
}

// PlanOpenVEX writes what the plan knows as OpenVEX: findings that count are
// affected, with what to do, or under investigation where nothing can be done
// yet; those set aside by VEX keep their status. Those that an ignore entry
// sets aside are under investigation: that a risk is accepted does not make it
// none. Each statement is about the package, with the component within it.
func PlanOpenVEX(w io.Writer, p *patch.Plan, author, tool string) error {
	var statements []vex.Statement
	add := func(f *patch.Finding, status vex.Status, justification, text string) {
		ids := append([]string{f.ID}, slices.DeleteFunc(idsOf(f.Finding), func(id string) bool { return id == f.ID })...)
		st := vex.Statement{IDs: ids, Status: status, Justification: justification, Text: text}
		for _, n := range targetsOf(f.Places) {
			t := p.Targets[n]
			product := vex.Product{ID: productID(t), Subcomponents: []string{f.Component.PURL}}
			if !t.Digest.IsZero() {
				product.SHA256 = t.Digest.Hex()
			}
			st.Products = append(st.Products, product)
		}
		statements = append(statements, st)
	}
	for _, f := range p.Findings {
		switch f.Remedy {
		case patch.RemedyUpgrade, patch.RemedyRemove, patch.RemedyProvider:
			add(f, vex.Affected, "", upperFirst(remedyDetail(f)))
		default:
			add(f, vex.UnderInvestigation, "", upperFirst(remedyDetail(f)))
		}
	}
	for _, s := range p.Suppressed {
		switch vex.Status(s.By.Status) {
		case vex.Fixed:
			add(s.Finding, vex.Fixed, "", s.By.Text)
		case vex.NotAffected:
			add(s.Finding, vex.NotAffected, "", cmp.Or(s.By.Text, "stated by "+s.By.Source))
		default:
			add(s.Finding, vex.UnderInvestigation, "", "accepted until "+dayText(s.By.Expires)+": "+s.By.Text)
		}
	}
	text, err := vex.WriteOpenVEX(statements, author, tool, p.AsOf.Truncate(time.Second))
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// productID is the package URL of a function package.
func productID(t patch.Target) string {
	id := "pkg:generic/" + fileURI(t.Name)
	if t.Kind == fnpkg.KindImage {
		id = "pkg:oci/" + fileURI(t.Name)
	}
	if !t.Digest.IsZero() {
		id += "@" + strings.ReplaceAll(t.Digest.String(), ":", "%3A")
	}
	return id
}
