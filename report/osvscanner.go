package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// OSVScannerJSON writes the findings as osv-scanner does, for programs that
// read its reports: a source for each package that was scanned, in it the
// components with what is known against them, each record in full. What was
// set aside or not assessed has no place in that format. record returns the
// JSON of a record of the feed.
func OSVScannerJSON(w io.Writer, p *patch.Plan, record func(id string) ([]byte, error)) error {
	out := models.VulnerabilityResults{Results: []models.PackageSource{}}
	records := map[string]*osvschema.Vulnerability{}
	sources := make([]models.PackageSource, len(p.Targets))
	index := make([]map[string]int, len(p.Targets))
	for i, t := range p.Targets {
		sources[i].Source = models.SourceInfo{Path: t.Name, Type: models.SourceTypeArtifact}
		index[i] = map[string]int{}
	}
	for _, f := range p.Findings {
		for _, id := range f.Records {
			if records[id] != nil {
				continue
			}
			v, err := osvRecord(id, record)
			if err != nil {
				return err
			}
			records[id] = v
		}
		for _, n := range targetsOf(f.Places) {
			i, ok := index[n][f.Component.PURL]
			if !ok {
				i = len(sources[n].Packages)
				index[n][f.Component.PURL] = i
				sources[n].Packages = append(sources[n].Packages, models.PackageVulns{Package: models.PackageInfo{
					Name:      f.Component.Name,
					Version:   f.Component.Version,
					Ecosystem: f.Ecosystem,
				}})
			}
			into := &sources[n].Packages[i]
			for _, id := range f.Records {
				into.Vulnerabilities = append(into.Vulnerabilities, records[id])
			}
			into.Groups = append(into.Groups, models.GroupInfo{
				IDs:         f.Records,
				Aliases:     idsOf(f.Finding),
				MaxSeverity: maxSeverity(f.Finding),
			})
		}
	}
	for _, s := range sources {
		if len(s.Packages) > 0 {
			out.Results = append(out.Results, s)
		}
	}
	return writeJSON(w, &out)
}

func osvRecord(id string, record func(string) ([]byte, error)) (*osvschema.Vulnerability, error) {
	text, err := record(id)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, fmt.Errorf("the feed holds no record %s", id)
	}
	v := &osvschema.Vulnerability{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("reading record %s: %w", id, err)
	}
	return v, nil
}

// idsOf are all ids of a finding, sorted.
func idsOf(f vulndb.Finding) []string {
	ids := slices.Concat([]string{f.ID}, f.Aliases, f.Records)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func maxSeverity(f vulndb.Finding) string {
	if f.Score == 0 {
		return ""
	}
	return strconv.FormatFloat(f.Score, 'f', 1, 64)
}
