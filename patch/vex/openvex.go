package vex

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// openVEX is a document of OpenVEX 0.2.0; that of 0.0.x has identifiers where
// it has objects, which openID takes too.
type openVEX struct {
	Context    string             `json:"@context"`
	ID         string             `json:"@id"`
	Author     string             `json:"author"`
	Timestamp  string             `json:"timestamp"`
	Updated    string             `json:"last_updated,omitempty"`
	Version    int                `json:"version"`
	Tooling    string             `json:"tooling,omitempty"`
	Statements []openVEXStatement `json:"statements"`
}

type openVEXStatement struct {
	Vulnerability openVulnerability `json:"vulnerability"`
	Timestamp     string            `json:"timestamp,omitempty"`
	Updated       string            `json:"last_updated,omitempty"`
	Products      []openProduct     `json:"products"`
	Subcomponents []openProduct     `json:"subcomponents,omitempty"` // 0.0.x
	Status        Status            `json:"status"`
	Notes         string            `json:"status_notes,omitempty"`
	Justification string            `json:"justification,omitempty"`
	Impact        string            `json:"impact_statement,omitempty"`
	Action        string            `json:"action_statement,omitempty"`
}

type openVulnerability struct {
	ID          string   `json:"@id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
}

func (v *openVulnerability) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &v.Name) == nil {
		return nil
	}
	type plain openVulnerability
	return json.Unmarshal(data, (*plain)(v))
}

type openProduct struct {
	ID            string            `json:"@id,omitempty"`
	Identifiers   map[string]string `json:"identifiers,omitempty"`
	Hashes        map[string]string `json:"hashes,omitempty"`
	Subcomponents []openProduct     `json:"subcomponents,omitempty"`
}

func (p *openProduct) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &p.ID) == nil {
		return nil
	}
	type plain openProduct
	return json.Unmarshal(data, (*plain)(p))
}

// id is the name the product goes by, a package URL where it has one.
func (p openProduct) id() string { return cmp.Or(p.Identifiers["purl"], p.ID) }

func parseOpenVEX(data []byte) ([]Statement, error) {
	var doc openVEX
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading OpenVEX: %w", err)
	}
	var out []Statement
	for i, s := range doc.Statements {
		st := Statement{
			IDs:           slices.Concat([]string{s.Vulnerability.Name}, s.Vulnerability.Aliases),
			Status:        s.Status,
			Justification: s.Justification,
			Text:          oneOf(s.Impact, s.Notes, s.Action),
			Time:          parseTime(oneOf(s.Updated, s.Timestamp, doc.Updated, doc.Timestamp)),
		}
		if id := s.Vulnerability.ID; id != "" {
			// An IRI that often ends in the id: https://nvd.nist.gov/vuln/detail/CVE-….
			st.IDs = append(st.IDs, id[strings.LastIndexByte(id, '/')+1:])
		}
		switch s.Status {
		case NotAffected, Affected, Fixed, UnderInvestigation:
		default:
			return nil, fmt.Errorf("reading OpenVEX: statement %d has the status %q, which there is not", i+1, s.Status)
		}
		for _, p := range s.Products {
			product := Product{ID: p.id(), SHA256: p.Hashes["sha-256"]}
			for _, sub := range slices.Concat(p.Subcomponents, s.Subcomponents) {
				product.Subcomponents = append(product.Subcomponents, sub.id())
			}
			st.Products = append(st.Products, product)
		}
		out = append(out, st)
	}
	return out, nil
}

// WriteOpenVEX returns a document of OpenVEX 0.2.0 that holds the statements.
// Its id is made of what it says, so that the same statements at the same time
// make the same bytes. A statement of status "affected" must have a Text: what
// to do.
func WriteOpenVEX(statements []Statement, author, tool string, at time.Time) ([]byte, error) {
	stamp := at.UTC().Format(time.RFC3339)
	doc := openVEX{
		Context: "https://openvex.dev/ns/v0.2.0", Author: author, Timestamp: stamp, Version: 1, Tooling: tool,
		Statements: []openVEXStatement{},
	}
	for _, s := range statements {
		if len(s.IDs) == 0 {
			return nil, fmt.Errorf("writing OpenVEX: a statement names no defect")
		}
		st := openVEXStatement{
			Vulnerability: openVulnerability{Name: s.IDs[0], Aliases: s.IDs[1:]},
			Status:        s.Status, Justification: s.Justification,
		}
		if !s.Time.IsZero() {
			st.Timestamp = s.Time.UTC().Format(time.RFC3339)
		}
		switch s.Status {
		case Affected:
			st.Action = s.Text
		case NotAffected:
			st.Impact = s.Text
		default:
			st.Notes = s.Text
		}
		for _, p := range s.Products {
			product := openProduct{ID: p.ID}
			if strings.HasPrefix(p.ID, "pkg:") {
				product.Identifiers = map[string]string{"purl": p.ID}
			}
			if p.SHA256 != "" {
				product.Hashes = map[string]string{"sha-256": p.SHA256}
			}
			for _, sub := range p.Subcomponents {
				product.Subcomponents = append(product.Subcomponents, openProduct{ID: sub})
			}
			st.Products = append(st.Products, product)
		}
		doc.Statements = append(doc.Statements, st)
	}
	said, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("writing OpenVEX: %w", err)
	}
	sum := sha256.Sum256(said)
	doc.ID = "https://openvex.dev/docs/public/vex-" + hex.EncodeToString(sum[:])
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing OpenVEX: %w", err)
	}
	return append(text, '\n'), nil
}
