package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/report"
	"github.com/fnseal/fnseal/sbom"
)

func TestCheck(t *testing.T) {
	inv := &fnpkg.Inventory{
		Subject:    fnpkg.Subject{Name: "app.zip", Kind: fnpkg.KindZip},
		Components: []fnpkg.Component{component("npm", "a\x1b[31m", "", ""), component("npm", "b", "1", "MIT")},
	}
	r := sbom.Check(inv, sbom.CycloneDXJSON, sbom.Options{ToolVersion: "1"})
	var out bytes.Buffer
	if err := report.CheckText(&out, r); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"CISA minimum elements 2026: ", "BSI TR-03183-2 v2.1: ", " required elements\n", "license ", "1 of 2: a",
		"component creator (§5.2.2)", "SBOM-URI (§5.2.3), additional", "checked: cyclonedx-json 1.6\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("an escape sequence came through")
	}

	out.Reset()
	if err := report.CheckJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Standards []struct {
			Passed   bool
			Elements []struct {
				Element string
				Lacking int
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	lacking := map[string]int{}
	for _, s := range doc.Standards {
		if s.Passed {
			t.Error("a document that lacks elements passed")
		}
		for _, e := range s.Elements {
			lacking[e.Element] = e.Lacking
		}
	}
	if lacking["component version"] != 2 || lacking["component name"] != 0 {
		t.Errorf("lacking %v", lacking)
	}
}
