package seal

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// toolURI names fnseal in statements.
const toolURI = "https://github.com/fnseal/fnseal"

// scan matches what was catalogued and plans what to do about it.
func scan(ctx context.Context, in Input, res *Result) (err error) {
	matcher := in.Feed.NewMatcher()
	if res.Scan, err = matcher.Match(ctx, res.Inventory.Components); err == nil {
		err = res.Scan.CheckAssessed()
	}
	if err != nil {
		return fmt.Errorf("matching %s: %w", in.Package.Name(), err)
	}
	b := patch.NewBuilder(in.Judgement)
	b.Add(res.Inventory, res.Scan, in.Catalog.Runtime)
	res.Plan, err = b.Plan(ctx, patch.FeedOf(matcher))
	return err
}

// scanPredicate states what a scan found, and what it could not assess, so
// that an empty result is never taken for more than it is.
//
// The scan is dated by the feed: it knows what was known then, whenever it
// ran, and the same package and feed yield the same statement.
func scanPredicate(r *vulndb.Result, in Input) attest.Vulns {
	at := in.Timestamp
	if at.IsZero() {
		at = r.Feed.Built
	}
	var locations []string
	for _, s := range r.Feed.Sources {
		locations = append(locations, s.Ecosystem+"@sha256:"+s.SHA256)
	}
	v := attest.Vulns{
		Scanner: attest.VulnScanner{
			URI:     toolURI,
			Version: in.Version,
			DB:      attest.VulnDB{URI: "https://osv.dev", Version: strings.Join(locations, " "), LastUpdate: r.Feed.Built},
		},
		Metadata: attest.VulnMetadata{ScanStartedOn: at, ScanFinishedOn: at},
	}
	for _, f := range r.Findings {
		v.Scanner.Result = append(v.Scanner.Result, attest.Vuln{
			ID:       f.ID,
			Severity: severities(f),
			Annotations: []map[string]any{
				{"purl": f.Component.PURL},
				{"origin": string(f.Component.Origin)},
				{"fixed": strings.Join(f.Fixed, " ")},
			},
		})
	}
	for _, n := range r.NotAssessed {
		v.Scanner.Result = append(v.Scanner.Result, attest.Vuln{
			ID:          "fnseal:not-assessed",
			Annotations: []map[string]any{{"purl": n.Component.PURL}, {"origin": string(n.Component.Origin)}, {"reason": n.Reason}},
		})
	}
	return v
}

func severities(f vulndb.Finding) []attest.VulnSeverity {
	s := []attest.VulnSeverity{{Method: "fnseal", Score: string(f.Severity)}}
	if f.Score > 0 {
		s = append(s, attest.VulnSeverity{Method: "cvss_score", Score: strconv.FormatFloat(f.Score, 'f', 1, 64)})
	}
	return s
}
