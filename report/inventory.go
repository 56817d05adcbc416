package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/term"
)

// InventoryTable writes the components as a table, then what is to be known of
// their completeness.
func InventoryTable(w io.Writer, inv *fnpkg.Inventory) error {
	if len(inv.Components) > 0 {
		t := newTable(w, "COMPONENT", "VERSION", "TYPE", "ORIGIN", "FOUND AT")
		for _, c := range byName(inv.Components) {
			t.row(c.Name, orUnknown(c.Version), c.Type, string(c.Origin), foundAt(c))
		}
		if err := t.flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s: %s\n", term.Clean(inv.Subject.Name), originCounts(inv))
	for _, c := range inv.Coverage {
		if c.State != fnpkg.CoverageComplete {
			fmt.Fprintf(w, "coverage of %s: %s: %s\n", term.Clean(c.Ecosystem), c.State, term.Clean(c.Reason))
		}
	}
	for _, h := range inv.Hazards {
		fmt.Fprintf(w, "hazard %s: %s\n", h.ID, term.Clean(h.Detail))
	}
	return nil
}

// byName sorts components as a person looks for them.
func byName(components []fnpkg.Component) []fnpkg.Component {
	return slices.SortedStableFunc(slices.Values(components), func(a, b fnpkg.Component) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}

func foundAt(c fnpkg.Component) string {
	switch len(c.Occurrences) {
	case 0:
		return ""
	case 1:
		return shorten(c.Occurrences[0].Path, 60)
	}
	return fmt.Sprintf("%s +%d", shorten(c.Occurrences[0].Path, 56), len(c.Occurrences)-1)
}

// originCounts says how many components there are of each origin.
func originCounts(inv *fnpkg.Inventory) string {
	n := map[fnpkg.Origin]int{}
	for _, c := range inv.Components {
		n[c.Origin]++
	}
	text := count(len(inv.Components), "component")
	sep := " ("
	for _, o := range []fnpkg.Origin{fnpkg.OriginShipped, fnpkg.OriginBundled, fnpkg.OriginDeclared, fnpkg.OriginRuntime} {
		if n[o] > 0 {
			text += fmt.Sprintf("%s%d %s", sep, n[o], o)
			sep = ", "
		}
	}
	if sep == ", " {
		text += ")"
	}
	return text
}

type inventoryJSON struct {
	Subject    subjectJSON     `json:"subject"`
	Components []componentJSON `json:"components"`
	Edges      []edgeJSON      `json:"edges"`
	Coverage   []coverageJSON  `json:"coverage"`
	Hazards    []hazardJSON    `json:"hazards"`
}

type subjectJSON struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Size       int64  `json:"size,omitempty"`
	Digest     string `json:"digest,omitempty"`
	CodeSha256 string `json:"codeSha256,omitempty"`
	SHA512     string `json:"sha512,omitempty"`
	Content    string `json:"contentDigest,omitempty"`
	Newest     string `json:"newestEntry,omitempty"`
}

type componentJSON struct {
	PURL        string   `json:"purl"`
	Name        string   `json:"name"`
	Version     string   `json:"version,omitempty"`
	Type        string   `json:"type"`
	Origin      string   `json:"origin"`
	Confidence  float64  `json:"confidence"`
	Occurrences []string `json:"occurrences,omitempty"`
	Licenses    []string `json:"licenses,omitempty"`
	SHA256      string   `json:"sha256,omitempty"`
	SHA512      string   `json:"sha512,omitempty"`
	TreeSHA256  string   `json:"treeSha256,omitempty"`
	FoundBy     string   `json:"foundBy,omitempty"`

	Producer     *partyJSON   `json:"producer,omitempty"`
	SourceURL    string       `json:"sourceUrl,omitempty"`
	Archive      *archiveJSON `json:"archive,omitempty"` // it was installed from
	Evidence     []signJSON   `json:"evidence,omitempty"`
	LicenseTexts []textJSON   `json:"licenseTexts,omitempty"`
}

type partyJSON struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	URL   string `json:"url,omitempty"`
}

type archiveJSON struct {
	URL    string `json:"url,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	SHA512 string `json:"sha512,omitempty"`
}

type signJSON struct {
	Technique  string  `json:"technique"`
	Path       string  `json:"path"`
	Detail     string  `json:"detail"`
	Confidence float64 `json:"confidence"`
}

type textJSON struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

type edgeJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type coverageJSON struct {
	Ecosystem string `json:"ecosystem"`
	State     string `json:"state"`
	Files     int    `json:"files"`
	Reason    string `json:"reason,omitempty"`
}

type hazardJSON struct {
	ID        string `json:"id"`
	Ambiguous bool   `json:"ambiguous"`
	Path      string `json:"path,omitempty"`
	Detail    string `json:"detail"`
}

// InventoryJSON writes the inventory as fnseal's own JSON.
func InventoryJSON(w io.Writer, inv *fnpkg.Inventory) error {
	out := inventoryJSON{
		Subject:    subjectOf(inv.Subject),
		Components: make([]componentJSON, 0, len(inv.Components)),
		Edges:      make([]edgeJSON, 0, len(inv.Edges)),
		Coverage:   make([]coverageJSON, 0, len(inv.Coverage)),
		Hazards:    make([]hazardJSON, 0, len(inv.Hazards)),
	}
	for _, c := range inv.Components {
		out.Components = append(out.Components, componentOf(c))
	}
	for _, e := range inv.Edges {
		out.Edges = append(out.Edges, edgeJSON(e))
	}
	for _, c := range inv.Coverage {
		out.Coverage = append(out.Coverage, coverageJSON{Ecosystem: c.Ecosystem, State: string(c.State), Files: c.Files, Reason: c.Reason})
	}
	for _, h := range inv.Hazards {
		out.Hazards = append(out.Hazards, hazardJSON{ID: string(h.ID), Ambiguous: h.ID.Ambiguous(), Path: h.Path, Detail: h.Detail})
	}
	return writeJSON(w, out)
}

func subjectOf(s fnpkg.Subject) subjectJSON {
	out := subjectJSON{Name: s.Name, Kind: string(s.Kind), Size: s.Size, Newest: timeText(s.Newest)}
	if !s.Digest.IsZero() {
		out.Digest, out.CodeSha256, out.SHA512 = s.Digest.String(), s.Digest.CodeSha256(), s.SHA512
	}
	if !s.Content.IsZero() {
		out.Content = s.Content.String()
	}
	return out
}

func componentOf(c fnpkg.Component) componentJSON {
	out := componentJSON{
		PURL: c.PURL, Name: c.Name, Version: c.Version, Type: c.Type,
		Origin: string(c.Origin), Confidence: c.Confidence,
		SHA256: c.SHA256, SHA512: c.SHA512, TreeSHA256: c.TreeSHA256, FoundBy: c.FoundBy, SourceURL: c.SourceURL,
	}
	if p := partyJSON(c.Producer); p != (partyJSON{}) {
		out.Producer = &p
	}
	if a := archiveJSON(c.Distribution); a != (archiveJSON{}) {
		out.Archive = &a
	}
	for _, e := range c.Evidence {
		out.Evidence = append(out.Evidence, signJSON(e))
	}
	for _, t := range c.LicenseTexts {
		out.LicenseTexts = append(out.LicenseTexts, textJSON(t))
	}
	for _, o := range c.Occurrences {
		out.Occurrences = append(out.Occurrences, o.Path)
	}
	for _, l := range c.Licenses {
		if l.Expression != "" {
			out.Licenses = append(out.Licenses, l.Expression)
		} else {
			out.Licenses = append(out.Licenses, l.Name)
		}
	}
	return out
}
