package vex

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// cycloneDX is the part of a CycloneDX document that says what matters
// (CycloneDX 1.6, vulnerabilities[].analysis and affects).
type cycloneDX struct {
	Metadata struct {
		Timestamp string             `json:"timestamp"`
		Component cycloneDXComponent `json:"component"`
	} `json:"metadata"`
	Components      []cycloneDXComponent `json:"components"`
	Vulnerabilities []struct {
		ID         string `json:"id"`
		References []struct {
			ID string `json:"id"`
		} `json:"references"`
		Updated  string `json:"updated"`
		Analysis *struct {
			State         string `json:"state"`
			Justification string `json:"justification"`
			Detail        string `json:"detail"`
			LastUpdated   string `json:"lastUpdated"`
		} `json:"analysis"`
		Affects []struct {
			Ref string `json:"ref"`
		} `json:"affects"`
	} `json:"vulnerabilities"`
}

type cycloneDXComponent struct {
	Ref        string               `json:"bom-ref"`
	PURL       string               `json:"purl"`
	Name       string               `json:"name"`
	Components []cycloneDXComponent `json:"components"`
}

// cycloneDXStatus maps a state of the analysis (CycloneDX 1.6,
// impactAnalysisState).
func cycloneDXStatus(state string) (Status, bool) {
	switch state {
	case "not_affected", "false_positive":
		return NotAffected, true
	case "resolved", "resolved_with_pedigree":
		return Fixed, true
	case "exploitable":
		return Affected, true
	case "in_triage":
		return UnderInvestigation, true
	}
	return "", false
}

func parseCycloneDX(data []byte) ([]Statement, error) {
	var doc cycloneDX
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading CycloneDX: %w", err)
	}
	names := map[string]string{}
	collectRefs(append(doc.Components, doc.Metadata.Component), names)
	var out []Statement
	for i, v := range doc.Vulnerabilities {
		if v.Analysis == nil || v.Analysis.State == "" {
			continue // it says that there is a defect, not whether it matters
		}
		status, ok := cycloneDXStatus(v.Analysis.State)
		if !ok {
			return nil, fmt.Errorf("reading CycloneDX: vulnerability %d has the state %q, which there is not", i+1, v.Analysis.State)
		}
		st := Statement{
			IDs: []string{v.ID}, Status: status,
			Justification: v.Analysis.Justification, Text: v.Analysis.Detail,
			Time: parseTime(oneOf(v.Analysis.LastUpdated, v.Updated, doc.Metadata.Timestamp)),
		}
		for _, r := range v.References {
			st.IDs = append(st.IDs, r.ID)
		}
		for _, a := range v.Affects {
			st.Products = append(st.Products, Product{ID: refName(a.Ref, names)})
		}
		out = append(out, st)
	}
	return out, nil
}

// collectRefs learns what the references within a document mean.
func collectRefs(components []cycloneDXComponent, names map[string]string) {
	for _, c := range components {
		if c.Ref != "" {
			names[c.Ref] = oneOf(c.PURL, c.Name)
		}
		collectRefs(c.Components, names)
	}
}

// refName resolves a reference: one of the document itself, or a BOM-Link to
// an element of another (urn:cdx:serial/version#ref), whose reference is a
// package URL where it was made by tools that use these.
func refName(ref string, names map[string]string) string {
	if name, ok := names[ref]; ok {
		return name
	}
	if strings.HasPrefix(ref, "urn:cdx:") {
		_, fragment, _ := strings.Cut(ref, "#")
		if unescaped, err := url.PathUnescape(fragment); err == nil {
			fragment = unescaped
		}
		if name, ok := names[fragment]; ok {
			return name
		}
		return fragment
	}
	return ref
}
