package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/sbom"
)

// CheckText writes what a document has and lacks of what standards ask for, a
// table for each standard.
func CheckText(w io.Writer, r *sbom.CheckReport) error {
	for _, s := range []sbom.Standard{sbom.CISA2026, sbom.BSI21} {
		fmt.Fprintf(w, "%s: %s\n\n", s, checkSummary(r, s))
		t := newTable(w, "OUTCOME", "ELEMENT", "LACKING", "NOTE")
		for _, rule := range r.Rules {
			if rule.Standard == s {
				t.row(string(rule.Outcome), ruleName(rule), lackingText(rule), rule.Note)
			}
		}
		if err := t.flush(); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "checked: %s %s\n", term.Clean(string(r.Format)), term.Clean(r.Version))
	return err
}

// checkSummary counts the required elements of a standard that are there.
func checkSummary(r *sbom.CheckReport, s sbom.Standard) string {
	have, all := 0, 0
	for _, rule := range r.Rules {
		if rule.Standard != s || rule.Level != sbom.Required || rule.Outcome == sbom.NotApplicable {
			continue
		}
		all++
		if rule.Outcome == sbom.Pass {
			have++
		}
	}
	return fmt.Sprintf("%d of %d required elements", have, all)
}

func ruleName(r sbom.Rule) string {
	name := r.Element
	if r.Section != "" {
		name += " (" + r.Section + ")"
	}
	if r.Level != sbom.Required {
		name += ", " + string(r.Level)
	}
	return name
}

// lackingText says how many of how many lack an element, and names some.
func lackingText(r sbom.Rule) string {
	if r.Lacking == 0 || r.Of == 1 && len(r.Examples) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d", r.Lacking, r.Of)
	if len(r.Examples) > 0 {
		text += ": " + shorten(strings.Join(r.Examples, ", "), 60)
	}
	return text
}

type checkJSON struct {
	Format    string         `json:"format"`
	Version   string         `json:"formatVersion,omitempty"`
	Standards []standardJSON `json:"standards"`
}

type standardJSON struct {
	Name   string     `json:"name"`
	Passed bool       `json:"passed"`
	Rules  []ruleJSON `json:"elements"`
}

type ruleJSON struct {
	Element  string   `json:"element"`
	Section  string   `json:"section,omitempty"`
	Level    string   `json:"level"`
	Outcome  string   `json:"outcome"`
	Of       int      `json:"of"`
	Lacking  int      `json:"lacking"`
	Examples []string `json:"examples,omitempty"`
	Note     string   `json:"note,omitempty"`
}

// CheckJSON writes the same as fnseal's own JSON.
func CheckJSON(w io.Writer, r *sbom.CheckReport) error {
	out := checkJSON{Format: string(r.Format), Version: r.Version}
	for _, s := range []sbom.Standard{sbom.CISA2026, sbom.BSI21} {
		standard := standardJSON{Name: string(s), Passed: r.Passed(s), Rules: []ruleJSON{}}
		for _, rule := range r.Rules {
			if rule.Standard == s {
				standard.Rules = append(standard.Rules, ruleJSON{
					Element: rule.Element, Section: rule.Section, Level: string(rule.Level), Outcome: string(rule.Outcome),
					Of: rule.Of, Lacking: rule.Lacking, Examples: rule.Examples, Note: rule.Note,
				})
			}
		}
		out.Standards = append(out.Standards, standard)
	}
	return writeJSON(w, out)
}
