package sbom

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/fnseal/fnseal/fnpkg"
)

// spdxIDs are the licence ids CycloneDX 1.6 takes in a licence's id field, as
// its schema lists them, sorted, one in a line.
//
//go:embed spdx-ids.txt
var spdxIDs string

var knownID = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for id := range strings.Lines(spdxIDs) {
		known[strings.TrimSpace(id)] = true
	}
	return known
})

// settle brings a component's licences into the form a document can hold: an
// expression that is no single known id stands alone or, beside others, as
// words (CycloneDX 1.6 allows one expression or a list of licences, not both).
func settle(licenses []fnpkg.License) []fnpkg.License {
	var out []fnpkg.License
	for _, l := range licenses {
		if l != (fnpkg.License{}) {
			out = append(out, l)
		}
	}
	sortLicenses(out)
	out = slices.Compact(out)
	if len(out) < 2 {
		return out
	}
	for i, l := range out {
		if l.Expression != "" && !knownID()[l.Expression] {
			out[i] = fnpkg.License{Name: l.Expression}
		}
	}
	sortLicenses(out)
	return slices.Compact(out)
}

func sortLicenses(licenses []fnpkg.License) {
	slices.SortFunc(licenses, func(a, b fnpkg.License) int {
		return cmp.Or(strings.Compare(a.Expression, b.Expression), strings.Compare(a.Name, b.Name))
	})
}

// writeLicenses lists licences, each once for every way it is acknowledged:
// declared, concluded or, if empty, neither. CycloneDX 1.6 has room for one
// acknowledgement of an expression; the last counts.
func writeLicenses(licenses []fnpkg.License, as ...cdx.LicenseAcknowledgement) *cdx.Licenses {
	settled := settle(licenses)
	if len(settled) == 0 {
		return nil
	}
	var out cdx.Licenses
	for _, l := range settled {
		if l.Expression != "" && !knownID()[l.Expression] {
			choice := cdx.LicenseChoice{Expression: l.Expression}
			if last := as[len(as)-1]; last != "" {
				choice.Acknowledgement = &last
			}
			out = append(out, choice)
			continue
		}
		for _, a := range as {
			out = append(out, cdx.LicenseChoice{License: &cdx.License{ID: l.Expression, Name: l.Name, Acknowledgement: a}})
		}
	}
	return &out
}

// writeTexts states what the licence files of a component say: found, not
// assigned to one of the licences that its metadata declares.
func writeTexts(texts []fnpkg.LicenseText) *cdx.Licenses {
	var out cdx.Licenses
	for _, t := range texts {
		out = append(out, cdx.LicenseChoice{License: &cdx.License{
			Name: t.Path, Text: &cdx.AttachedText{ContentType: "text/plain", Content: t.Text},
		}})
	}
	return &out
}

func readLicenses(choices *cdx.Licenses) []fnpkg.License {
	if choices == nil {
		return nil
	}
	var out []fnpkg.License
	for _, c := range *choices {
		switch {
		case c.Expression != "":
			out = append(out, fnpkg.License{Expression: c.Expression})
		case c.License == nil:
		case c.License.ID != "":
			out = append(out, fnpkg.License{Expression: c.License.ID})
		case c.License.Name != "":
			out = append(out, fnpkg.License{Name: c.License.Name})
		}
	}
	return settle(out)
}
