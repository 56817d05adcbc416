package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fnseal/fnseal/vulndb"
)

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
