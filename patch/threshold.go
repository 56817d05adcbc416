package patch

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// Threshold says what is too bad to go on with. Malicious packages always are.
type Threshold struct {
	severity vulndb.Threshold
	kev      bool
	overdue  bool
}

// Criteria are the words that ParseThreshold knows.
func Criteria() []string {
	return []string{"none", "any", "low", "medium", "high", "critical", "kev", "overdue", "malicious"}
}

// ParseThreshold reads criteria, of which each that is met is enough: a
// severity counts with all that are worse and with what nobody rated, "kev"
// what is known to be exploited, "overdue" what is past its deadline, "malicious"
// and "none" nothing but malicious packages, "any" everything.
func ParseThreshold(criteria ...string) (Threshold, error) {
	var t Threshold
	severity := ""
	for _, word := range criteria {
		switch word {
		case "kev":
			t.kev = true
		case "overdue":
			t.overdue = true
		case "malicious", "none":
		default:
			parsed, err := vulndb.ParseThreshold(word)
			if err != nil {
				return Threshold{}, fmt.Errorf("%q is none of %s", word, strings.Join(Criteria(), ", "))
			}
			if severity != "" && severity != word {
				return Threshold{}, fmt.Errorf("%s and %s: one severity includes all that are worse", severity, word)
			}
			severity, t.severity = word, parsed
		}
	}
	return t, nil
}

// Over counts what is over the threshold: findings, and runtimes past their
// end or deadline. Compared with a baseline only what is new counts.
func (t Threshold) Over(p *Plan) int {
	n := 0
	for _, f := range p.Findings {
		if f.New && t.over(f) {
			n++
		}
	}
	for _, r := range p.Retirements {
		if t.overdue && r.Due.Overdue || t.severity.Any() && ended(r.State) && !p.Baseline {
			n++
		}
	}
	return n
}

func (t Threshold) over(f *Finding) bool {
	return t.kev && f.Exploited() || t.overdue && f.Due.Overdue || len(t.severity.Over([]vulndb.Finding{f.Finding})) > 0
}

func ended(s fnpkg.RuntimeState) bool {
	return s == fnpkg.RuntimeDeprecated || s == fnpkg.RuntimeNoCreate || s == fnpkg.RuntimeNoUpdate
}
