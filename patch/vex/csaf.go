package vex

import (
	"encoding/json"
	"fmt"
)

// csaf is the part of a CSAF 2.0 document that the VEX profile is made of
// (CSAF 2.0 §4.5).
type csaf struct {
	Document struct {
		Tracking struct {
			Current string `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	Tree struct {
		Branches      []csafBranch  `json:"branches"`
		Products      []csafProduct `json:"full_product_names"`
		Relationships []struct {
			Part    string      `json:"product_reference"`
			Whole   string      `json:"relates_to_product_reference"`
			Product csafProduct `json:"full_product_name"`
		} `json:"relationships"`
	} `json:"product_tree"`
	Vulnerabilities []struct {
		CVE string `json:"cve"`
		IDs []struct {
			Text string `json:"text"`
		} `json:"ids"`
		Status map[string][]string `json:"product_status"`
		Flags  []struct {
			Label    string   `json:"label"`
			Products []string `json:"product_ids"`
		} `json:"flags"`
		Threats []struct {
			Category string   `json:"category"`
			Details  string   `json:"details"`
			Products []string `json:"product_ids"`
		} `json:"threats"`
	} `json:"vulnerabilities"`
}

type csafBranch struct {
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	ID     string `json:"product_id"`
	Name   string `json:"name"`
	Helper struct {
		PURL   string `json:"purl"`
		Hashes []struct {
			Hashes []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
	} `json:"product_identification_helper"`
}

// csafStatuses maps the product statuses (CSAF 2.0 §3.2.3.9), in a fixed order.
var csafStatuses = [...]struct {
	name   string
	status Status
}{
	{"known_not_affected", NotAffected},
	{"fixed", Fixed},
	{"first_fixed", Fixed},
	{"known_affected", Affected},
	{"first_affected", Affected},
	{"last_affected", Affected},
	{"under_investigation", UnderInvestigation},
}

func parseCSAF(data []byte) ([]Statement, error) {
	var doc csaf
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading CSAF: %w", err)
	}
	products := map[string]Product{}
	var walk func([]csafBranch)
	walk = func(branches []csafBranch) {
		for _, b := range branches {
			if b.Product != nil {
				products[b.Product.ID] = b.Product.product()
			}
			walk(b.Branches)
		}
	}
	walk(doc.Tree.Branches)
	for _, p := range doc.Tree.Products {
		products[p.ID] = p.product()
	}
	for _, r := range doc.Tree.Relationships {
		whole, ok := products[r.Whole]
		part, known := products[r.Part]
		if ok && known {
			// A part within a whole: the statement is about the part there only.
			whole.Subcomponents = []string{part.ID}
			products[r.Product.ID] = whole
		}
	}
	at := parseTime(doc.Document.Tracking.Current)
	var out []Statement
	for _, v := range doc.Vulnerabilities {
		var ids []string
		if v.CVE != "" {
			ids = append(ids, v.CVE)
		}
		for _, id := range v.IDs {
			ids = append(ids, id.Text)
		}
		for _, s := range csafStatuses {
			for _, id := range v.Status[s.name] {
				product, ok := products[id]
				if !ok {
					return nil, fmt.Errorf("reading CSAF: %q names the product %q, which its tree does not have", oneOf(v.CVE, "a vulnerability"), id)
				}
				st := Statement{IDs: ids, Products: []Product{product}, Status: s.status, Time: at}
				for _, f := range v.Flags {
					if contains(f.Products, id) {
						st.Justification = oneOf(st.Justification, f.Label)
					}
				}
				for _, t := range v.Threats {
					if t.Category == "impact" && contains(t.Products, id) {
						st.Text = oneOf(st.Text, t.Details)
					}
				}
				out = append(out, st)
			}
		}
	}
	return out, nil
}

// contains reports whether a product is among those that are listed; no list
// means all.
func contains(ids []string, id string) bool {
	for _, have := range ids {
		if have == id {
			return true
		}
	}
	return len(ids) == 0
}

func (p csafProduct) product() Product {
	out := Product{ID: oneOf(p.Helper.PURL, p.Name)}
	for _, list := range p.Helper.Hashes {
		for _, h := range list.Hashes {
			if h.Algorithm == "sha256" {
				out.SHA256 = h.Value
			}
		}
	}
	return out
}
