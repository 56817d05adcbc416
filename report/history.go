package report

import (
	"fmt"
	"io"

	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/policy"
)

// HistoryText lists versions with their verdicts, then names the newest that
// passes.
func HistoryText(w io.Writer, h gate.History) error {
	t := newTable(w, "VERSION", "SEALED", "VERDICT", "WHY")
	for _, v := range h.Versions {
		verdict := "accepted"
		if !v.Verdict.Accepted() {
			verdict = "refused"
		}
		sealed := timeText(v.Verdict.Sealed)
		if sealed == "" {
			sealed = "no proof"
		}
		t.row(v.Ref, sealed, verdict, shorten(firstFailure(v.Verdict), 80))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if h.Newest < 0 {
		_, err := fmt.Fprintln(w, "\nno version passes")
		return err
	}
	v := h.Versions[h.Newest]
	_, err := fmt.Fprintf(w, "\nnewest that passes, %s: %s  %s\n", orderText(h), term.Clean(v.Ref), v.Verdict.Digest)
	return err
}

func orderText(h gate.History) string {
	if h.ByTime {
		return "by the proven time of sealing"
	}
	return "by the order given, for want of proven times"
}

// firstFailure says why a version is refused.
func firstFailure(v policy.Verdict) string {
	for _, c := range v.Checks {
		if c.Outcome == policy.Fail {
			return c.ID + ": " + c.Reason
		}
	}
	if !v.Accepted() {
		return "nothing was checked"
	}
	return ""
}

type historyJSON struct {
	Newest    *versionOfJSON  `json:"newest"`    // null if none passes
	OrderedBy string          `json:"orderedBy"` // "time" or "order"
	Versions  []versionOfJSON `json:"versions"`
}

type versionOfJSON struct {
	Ref     string         `json:"ref"`
	Digest  string         `json:"digest"`
	Verdict string         `json:"verdict"`          // "accepted" or "refused"
	Sealed  string         `json:"sealed,omitempty"` // proven, RFC 3339
	Checks  []policy.Check `json:"checks"`
}

// HistoryJSON writes the same as JSON.
func HistoryJSON(w io.Writer, h gate.History) error {
	out := historyJSON{OrderedBy: "order", Versions: []versionOfJSON{}}
	if h.ByTime {
		out.OrderedBy = "time"
	}
	for _, v := range h.Versions {
		row := versionOfJSON{Ref: v.Ref, Digest: v.Verdict.Digest, Verdict: "refused", Sealed: timeText(v.Verdict.Sealed), Checks: v.Verdict.Checks}
		if v.Verdict.Accepted() {
			row.Verdict = "accepted"
		}
		out.Versions = append(out.Versions, row)
	}
	if h.Newest >= 0 {
		out.Newest = &out.Versions[h.Newest]
	}
	return writeJSON(w, out)
}
