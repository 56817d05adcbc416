package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/seal"
)

// SealText says what was sealed: the subject and the claims that were signed,
// then what is to be patched.
func SealText(w io.Writer, r *seal.Result, style Style) error {
	s := r.Inventory.Subject
	fmt.Fprintf(w, "package   %s (%s, %s)\n", term.Clean(s.Name), s.Kind, bytesText(s.Size))
	fmt.Fprintf(w, "digest    %s\n", s.Digest)
	fmt.Fprintf(w, "          CodeSha256 %s\n", s.Digest.CodeSha256())
	fmt.Fprintf(w, "content   %s\n", s.Content)
	fmt.Fprintf(w, "contains  %s\n", originCounts(r.Inventory))
	if r.Plan == nil {
		fmt.Fprintln(w, "scan      not made")
	}
	_, err := fmt.Fprintf(w, "sealed    %s\n", claimsText(r))
	if err != nil || r.Plan == nil {
		return err
	}
	fmt.Fprintln(w)
	return PlanText(w, r.Plan, style)
}

// claimsText lists what was signed.
func claimsText(r *seal.Result) string {
	if len(r.Bundles) == 0 {
		return fmt.Sprintf("no: %s over the threshold", count(r.Over, "finding"))
	}
	var claims []string
	for _, b := range r.Bundles {
		claims = append(claims, b.Claim)
	}
	return strings.Join(claims, ", ")
}

type sealJSON struct {
	Sealed  bool        `json:"sealed"`
	Subject subjectJSON `json:"subject"`
	Claims  []string    `json:"claims"`
	Over    int         `json:"findingsOverThreshold"`
	Plan    *planJSON   `json:"plan"` // as PlanJSON; null if there was no scan
}

// SealJSON writes the seal as fnseal's own JSON.
func SealJSON(w io.Writer, r *seal.Result) error {
	out := sealJSON{Sealed: len(r.Bundles) > 0, Subject: subjectOf(r.Inventory.Subject), Claims: []string{}, Over: r.Over}
	for _, b := range r.Bundles {
		out.Claims = append(out.Claims, b.Claim)
	}
	if r.Plan != nil {
		plan := planOf(r.Plan)
		out.Plan = &plan
	}
	return writeJSON(w, out)
}

// SealMarkdown writes the seal for a job summary, the plan beneath it.
func SealMarkdown(w io.Writer, r *seal.Result) error {
	s := r.Inventory.Subject
	icon := "✅"
	if len(r.Bundles) == 0 {
		icon = "❌"
	}
	fmt.Fprintf(w, "### %s fnseal: %s\n\n| | |\n| --- | --- |\n", icon, code(s.Name))
	fmt.Fprintf(w, "| digest | %s |\n| CodeSha256 | %s |\n", code(s.Digest.String()), code(s.Digest.CodeSha256()))
	fmt.Fprintf(w, "| contains | %s |\n| sealed | %s |\n\n", escapeMarkdown(originCounts(r.Inventory)), escapeMarkdown(claimsText(r)))
	if r.Plan == nil {
		_, err := fmt.Fprintln(w, "No scan was made.")
		return err
	}
	return PlanMarkdown(w, r.Plan)
}
