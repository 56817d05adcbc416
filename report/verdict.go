package report

import (
	"fmt"
	"io"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
)

// Verdicts are announced in these words in every format.
const (
	accepted = "ACCEPTED"
	refused  = "REFUSED"
)

func verdictWord(v policy.Verdict) string {
	if v.Accepted() {
		return accepted
	}
	return refused
}

// VerdictText writes every check with its outcome, then the verdict.
func VerdictText(w io.Writer, v policy.Verdict, style Style) error {
	for _, c := range v.Checks {
		fmt.Fprintf(w, "%s %s%s\n", paint(style, c.Outcome, mark(c.Outcome)), c.ID, checkText(c))
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
func checkText(c policy.Check) string {
	text := ""
	if c.Bundle != "" {
		text += " [" + term.Clean(c.Bundle) + "]"
	}
	switch {
	case c.Reason != "":
		text += ": " + term.Clean(c.Reason)
	case c.Found != "":
		text += ": " + term.Clean(c.Found)
	}
	if c.Outcome == policy.Fail {
		if c.Reason != "" && c.Found != "" {
			text += "\n       found:  " + term.Clean(c.Found)
		}
		if c.Wanted != "" {
			text += "\n       wanted: " + term.Clean(c.Wanted)
		}
	}
	return text
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
	Verdict string         `json:"verdict"` // "accepted" or "refused"
	Target  string         `json:"target"`
	Digest  string         `json:"digest"`
	Checks  []policy.Check `json:"checks"`
}

// VerdictJSON writes the verdict as fnseal's own JSON.
func VerdictJSON(w io.Writer, v policy.Verdict) error {
	out := verdictJSON{Verdict: "refused", Target: v.Target, Digest: v.Digest, Checks: v.Checks}
	if v.Accepted() {
		out.Verdict = "accepted"
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
