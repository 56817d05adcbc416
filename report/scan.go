package report

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/fnseal/fnseal/vulndb"
)

// scanRow is one component with everything known against it.
type scanRow struct {
	name, installed, fixed, severity string
	ids                              []string
	rank                             int
}

// scanRows folds findings into one row per component, worst first.
func scanRows(r *vulndb.Result) []scanRow {
	var rows []scanRow
	index := map[string]int{}
	for _, f := range r.Findings {
		key := f.Component.PURL + "\x00" + string(f.Component.Origin)
		i, ok := index[key]
		if !ok {
			i = len(rows)
			index[key] = i
			rows = append(rows, scanRow{
				name:      f.Component.Name,
				installed: installedText(f),
				severity:  severityText(f),
				rank:      rankOf(f),
			})
		}
		row := &rows[i]
		row.ids = append(row.ids, f.ID)
		row.fixed = joinFix(row.fixed, fixText(f))
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].rank > rows[j].rank })
	return rows
}

func rankOf(f vulndb.Finding) int {
	if f.Malicious {
		return 10
	}
	return f.Severity.Rank()
}

func severityText(f vulndb.Finding) string {
	switch {
	case f.Malicious:
		return "MALICIOUS"
	case f.Score > 0:
		return string(f.Severity) + " " + strconv.FormatFloat(f.Score, 'f', 1, 64)
	}
	return string(f.Severity)
}

func installedText(f vulndb.Finding) string {
	switch {
	case f.Possible:
		return "unknown"
	case f.Component.Origin == "shipped":
		return f.Component.Version
	}
	return f.Component.Version + " (" + string(f.Component.Origin) + ")"
}

// fixText is the lowest version that fixes one finding.
func fixText(f vulndb.Finding) string {
	switch {
	case f.Malicious:
		return "remove it"
	case len(f.Fixed) > 0:
		return f.Fixed[0]
	}
	return "no fix"
}

// joinFix lists the distinct fix versions of one component's findings in the
// order they are met.
func joinFix(have, next string) string {
	if have == "" {
		return next
	}
	for _, h := range strings.Split(have, ", ") {
		if h == next {
			return have
		}
	}
	return have + ", " + next
}

// ScanSummary says in one line what was found.
func ScanSummary(r *vulndb.Result) string {
	if len(r.Findings) == 0 {
		return fmt.Sprintf("no known vulnerability in %s assessed%s", count(r.Assessed, "component"), unassessed(r))
	}
	affected := map[string]bool{}
	bySeverity := map[string]int{}
	for _, f := range r.Findings {
		affected[f.Component.PURL] = true
		if f.Malicious {
			bySeverity["malicious"]++
			continue
		}
		bySeverity[string(f.Severity)]++
	}
	var parts []string
	for _, s := range []string{"malicious", "critical", "high", "medium", "low", "none", "unknown"} {
		if n := bySeverity[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return fmt.Sprintf("%s (%s) in %d of %s assessed%s",
		count(len(r.Findings), "finding"), strings.Join(parts, ", "), len(affected), count(r.Assessed, "component"), unassessed(r))
}

func unassessed(r *vulndb.Result) string {
	if len(r.NotAssessed) == 0 {
		return ""
	}
	return fmt.Sprintf(", %d not assessed", len(r.NotAssessed))
}

// notAssessedLines groups components by the reason they were not assessed.
func notAssessedLines(r *vulndb.Result) []string {
	byReason := map[string][]string{}
	for _, n := range r.NotAssessed {
		byReason[n.Reason] = append(byReason[n.Reason], n.Component.Name+" "+orUnknown(n.Component.Version))
	}
	var lines []string
	for reason, names := range byReason {
		lines = append(lines, fmt.Sprintf("%s: %s", reason, listSome(names, 5)))
	}
	sort.Strings(lines)
	return lines
}

// FeedText says which feed was asked and how old it is.
func FeedText(s vulndb.Stamp, now time.Time) string {
	var ecosystems []string
	for _, src := range s.Sources {
		ecosystems = append(ecosystems, src.Ecosystem)
	}
	return fmt.Sprintf("%s for %s, built %s (%s ago)",
		count(s.Records, "advisory record"), strings.Join(ecosystems, ", "), timeText(s.Built), ageText(s.Age(now)))
}

// ageText writes a duration in the unit a person would use.
func ageText(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour")
	}
	return count(int(d.Hours()/24), "day")
}

type scanJSON struct {
	Target      string            `json:"target"`
	Findings    []findingJSON     `json:"findings"`
	NotAssessed []notAssessedJSON `json:"notAssessed"`
	Assessed    int               `json:"assessed"`
	Feed        feedJSON          `json:"feed"`
}

type findingJSON struct {
	ID          string   `json:"id"`
	Aliases     []string `json:"aliases,omitempty"`
	Records     []string `json:"records"`
	PURL        string   `json:"purl"`
	Name        string   `json:"name"`
	Version     string   `json:"version,omitempty"`
	Origin      string   `json:"origin"`
	Severity    string   `json:"severity"`
	Score       float64  `json:"score,omitempty"`
	Vector      string   `json:"vector,omitempty"`
	Fixed       []string `json:"fixed"`
	Malicious   bool     `json:"malicious"`
	Possible    bool     `json:"possible"`
	Summary     string   `json:"summary,omitempty"`
	Published   string   `json:"published,omitempty"`
	Modified    string   `json:"modified,omitempty"`
	Occurrences []string `json:"occurrences,omitempty"`
}

type notAssessedJSON struct {
	PURL    string `json:"purl"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason"`
}

type feedJSON struct {
	Built   string           `json:"built"`
	Records int              `json:"records"`
	Sources []feedSourceJSON `json:"sources"`
}

type feedSourceJSON struct {
	Location  string `json:"location"`
	Ecosystem string `json:"ecosystem"`
	SHA256    string `json:"sha256"`
	Records   int    `json:"records"`
	Newest    string `json:"newest,omitempty"`
}

// ScanJSON writes the scan as fnseal's own JSON.
func ScanJSON(w io.Writer, name string, r *vulndb.Result) error {
	return writeJSON(w, scanOf(name, r))
}

func scanOf(name string, r *vulndb.Result) scanJSON {
	out := scanJSON{
		Target:      name,
		Findings:    make([]findingJSON, 0, len(r.Findings)),
		NotAssessed: make([]notAssessedJSON, 0, len(r.NotAssessed)),
		Assessed:    r.Assessed,
		Feed:        feedOf(r.Feed),
	}
	for _, f := range r.Findings {
		c := componentOf(f.Component)
		fixed := f.Fixed
		if fixed == nil {
			fixed = []string{}
		}
		out.Findings = append(out.Findings, findingJSON{
			ID: f.ID, Aliases: f.Aliases, Records: f.Records,
			PURL: c.PURL, Name: c.Name, Version: c.Version, Origin: c.Origin,
			Severity: string(f.Severity), Score: f.Score, Vector: f.Vector,
			Fixed: fixed, Malicious: f.Malicious, Possible: f.Possible, Summary: f.Summary,
			Published: timeText(f.Published), Modified: timeText(f.Modified), Occurrences: c.Occurrences,
		})
	}
	for _, n := range r.NotAssessed {
		out.NotAssessed = append(out.NotAssessed, notAssessedJSON{
			PURL: n.Component.PURL, Name: n.Component.Name, Version: n.Component.Version, Reason: n.Reason,
		})
	}
	return out
}

func feedOf(s vulndb.Stamp) feedJSON {
	out := feedJSON{Built: timeText(s.Built), Records: s.Records, Sources: make([]feedSourceJSON, 0, len(s.Sources))}
	for _, src := range s.Sources {
		out.Sources = append(out.Sources, feedSourceJSON{
			Location: src.Location, Ecosystem: src.Ecosystem, SHA256: src.SHA256,
			Records: src.Records, Newest: timeText(src.Newest),
		})
	}
	return out
}
