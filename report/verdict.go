package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
)

// Verdicts are announced in these words in every format.
const (
	accepted  = "ACCEPTED"
	refused   = "REFUSED"
	unchecked = "NOT CHECKED"
)

func verdictWord(v policy.Verdict) string {
	switch {
	case v.Accepted():
		return accepted
	case v.Unchecked():
		return unchecked
	}
	return refused
}

// VerdictText writes every check with its outcome, then the verdict.
func VerdictText(w io.Writer, v policy.Verdict, style Style) error {
	width := len("signature")
	for _, c := range v.Checks {
		width = max(width, len(c.ID))
	}
	for _, c := range v.Checks {
		fmt.Fprintf(w, "%s  %-*s  %s\n", paint(style, c.Outcome, mark(c.Outcome)), width, c.ID, term.Clean(checkText(v, c)))
		if c.Outcome != policy.Fail {
			continue
		}
		for _, line := range differences(c) {
			fmt.Fprintf(w, "%*s%s\n", width+8, "", term.Clean(line))
		}
	}
	outcome := policy.Fail
	if v.Accepted() {
		outcome = policy.Pass
	}
	_, err := fmt.Fprintf(w, "\n%s  %s  %s\n", paint(style, outcome, verdictWord(v)), term.Clean(v.Target), v.Digest)
	return err
}

// mark names an outcome in a fixed width.
func mark(o policy.Outcome) string {
	switch o {
	case policy.Pass:
		return "pass"
	case policy.Fail:
		return "FAIL"
	}
	return "skip"
}

// checkText is what is to be said about a check behind its id.
func checkText(v policy.Verdict, c policy.Check) string {
	text := c.Reason
	if text == "" {
		text = c.Found
	}
	if text == v.Digest && text != "" {
		text = "it signs the exact digest" // which the last line gives
	}
	if c.Bundle != "" {
		text = c.Bundle + ": " + text
	}
	return text
}

// differences are the lines that set what was found against what was wanted,
// where the reason does not say so already.
func differences(c policy.Check) []string {
	var lines []string
	if c.Found != "" && !strings.Contains(c.Reason, c.Found) {
		lines = append(lines, "found:  "+c.Found)
	}
	if c.Wanted != "" && !strings.Contains(c.Reason, c.Wanted) {
		lines = append(lines, "wanted: "+c.Wanted)
	}
	if c.Rule != "" {
		lines = append(lines, "rule:   "+c.Rule)
	}
	return lines
}

func paint(style Style, o policy.Outcome, text string) string {
	if !style.Color {
		return text
	}
	code := "33" // yellow
	switch o {
	case policy.Pass:
		code = "32"
	case policy.Fail:
		code = "31;1"
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

type verdictJSON struct {
	Verdict string         `json:"verdict"` // "accepted", "refused" or "not-checked"
	Target  string         `json:"target"`
	Digest  string         `json:"digest"`
	Checks  []policy.Check `json:"checks"`
}

// VerdictJSON writes the verdict as fnseal's own JSON.
func VerdictJSON(w io.Writer, v policy.Verdict) error {
	out := verdictJSON{Verdict: "refused", Target: v.Target, Digest: v.Digest, Checks: v.Checks}
	switch {
	case v.Accepted():
		out.Verdict = "accepted"
	case v.Unchecked():
		out.Verdict = "not-checked"
	}
	if out.Checks == nil {
		out.Checks = []policy.Check{}
	}
	return writeJSON(w, out)
}

// VerdictMarkdown writes the verdict for a job summary.
func VerdictMarkdown(w io.Writer, v policy.Verdict) error {
	icon := "❌"
	if v.Accepted() {
		icon = "✅"
	}
	fmt.Fprintf(w, "### %s fnseal: %s %s\n\n", icon, code(v.Target), verdictWord(v))
	if v.Digest != "" {
		fmt.Fprintf(w, "%s\n\n", code(v.Digest))
	}
	fmt.Fprintln(w, "| check | outcome | why |")
	fmt.Fprintln(w, "| --- | --- | --- |")
	for _, c := range v.Checks {
		why := c.Reason
		if why == "" {
			why = c.Found
		}
		if c.Bundle != "" {
			why = "[" + c.Bundle + "] " + why
		}
		if _, err := fmt.Fprintf(w, "| %s | %s | %s |\n", escapeMarkdown(c.ID), c.Outcome, escapeMarkdown(why)); err != nil {
			return err
		}
	}
	return nil
}
