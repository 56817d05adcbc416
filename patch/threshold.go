package patch

import (
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/vulndb"
)

// Threshold says what is too bad to go on with. Malicious packages always are.
type Threshold struct {
	severity vulndb.Severity // the lowest that counts; empty for none
	any      bool            // each finding counts, whatever its severity
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
		case "any", "low", "medium", "high", "critical":
			if severity != "" && severity != word {
				return Threshold{}, fmt.Errorf("%s and %s: one severity includes all that are worse", severity, word)
			}
			severity = word
			if t.any = word == "any"; !t.any {
				t.severity = vulndb.Severity(word)
			}
		default:
			return Threshold{}, fmt.Errorf("%q is none of %s", word, strings.Join(Criteria(), ", "))
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
		if t.overdue && r.Due.Overdue || t.any && ended(r.State) && !p.Baseline {
			n++
		}
	}
	return n
}

func (t Threshold) over(f *Finding) bool {
	switch {
	case f.Malicious, t.any, t.kev && f.Exploited(), t.overdue && f.Due.Overdue:
		return true
	case t.severity == "":
		return false
	}
	// What nobody rated could be of any severity.
	return f.Severity == vulndb.SeverityUnknown || f.Severity.Rank() >= t.severity.Rank()
}

func ended(s fnpkg.RuntimeState) bool {
	return s == fnpkg.RuntimeDeprecated || s == fnpkg.RuntimeNoCreate || s == fnpkg.RuntimeNoUpdate
}
