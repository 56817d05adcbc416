package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/vulndb"
)

// OSVScannerJSON writes the scan as osv-scanner does, for programs that read
// its reports: packages with what is known against them, each record in full.
// What was not assessed has no place in that format. record returns the JSON
// of a record of the feed.
func OSVScannerJSON(w io.Writer, name string, r *vulndb.Result, record func(id string) ([]byte, error)) error {
	source := models.PackageSource{Source: models.SourceInfo{Path: name, Type: models.SourceTypeArtifact}}
	index := map[string]int{}
	for _, f := range r.Findings {
		i, ok := index[f.Component.PURL]
		if !ok {
			i = len(source.Packages)
			index[f.Component.PURL] = i
			source.Packages = append(source.Packages, models.PackageVulns{Package: models.PackageInfo{
				Name:      f.Component.Name,
				Version:   f.Component.Version,
				Ecosystem: f.Ecosystem,
			}})
		}
		p := &source.Packages[i]
		for _, id := range f.Records {
			v, err := osvRecord(id, record)
			if err != nil {
				return err
			}
			p.Vulnerabilities = append(p.Vulnerabilities, v)
		}
		p.Groups = append(p.Groups, models.GroupInfo{
			IDs:         f.Records,
			Aliases:     idsOf(f),
			MaxSeverity: maxSeverity(f),
		})
	}
	out := models.VulnerabilityResults{Results: []models.PackageSource{}}
	if len(source.Packages) > 0 {
		out.Results = append(out.Results, source)
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
