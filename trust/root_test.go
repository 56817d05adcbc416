package trust_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/trust"
)

func publicGoodJSON(t testing.TB) map[string]any {
	t.Helper()
	data, err := os.ReadFile("roots/public-good.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPublicGood(t *testing.T) {
	r, err := trust.PublicGood()
	if err != nil {
		t.Fatal(err)
	}
	if !r.HasCA() || !r.HasLog() || !r.HasCTLog() || !r.HasTimestampAuthority() {
		t.Errorf("the snapshot lacks a part: %+v", r)
	}
	if r.Date.IsZero() || !strings.Contains(r.String(), r.Date.Format("2006-01-02")) {
		t.Errorf("the snapshot does not say how old it is: %s", r)
	}
}

// TestParseRootRefuses: a root that is not wholly understood is no root.
func TestParseRootRefuses(t *testing.T) {
	list := func(m map[string]any, name string) map[string]any {
		return m[name].([]any)[0].(map[string]any)
	}
	key := func(m map[string]any, name string) map[string]any {
		return list(m, name)["publicKey"].(map[string]any)
	}
	tests := map[string]func(m map[string]any){
		"no media type":            func(m map[string]any) { delete(m, "mediaType") },
		"another media type":       func(m map[string]any) { m["mediaType"] = "application/json" },
		"an unknown member":        func(m map[string]any) { m["extra"] = 1 },
		"an unknown member within": func(m map[string]any) { list(m, "tlogs")["extra"] = 1 },
		"a log without a start":    func(m map[string]any) { delete(key(m, "tlogs")["validFor"].(map[string]any), "start") },
		"a log without a period":   func(m map[string]any) { delete(key(m, "tlogs"), "validFor") },
		"a log without a key":      func(m map[string]any) { delete(list(m, "tlogs"), "publicKey") },
		"a log without an id":      func(m map[string]any) { delete(list(m, "ctlogs"), "logId") },
		"a log with junk as key":   func(m map[string]any) { key(m, "ctlogs")["rawBytes"] = "AAAA" },
		"a log with another hash":  func(m map[string]any) { list(m, "tlogs")["hashAlgorithm"] = "SHA2_512" },
		"an authority without certificates": func(m map[string]any) {
			list(m, "certificateAuthorities")["certChain"] = map[string]any{}
		},
		"a timestamp authority without certificates": func(m map[string]any) {
			list(m, "timestampAuthorities")["certChain"] = map[string]any{"certificates": []any{}}
		},
		"an authority with junk as certificate": func(m map[string]any) {
			list(m, "certificateAuthorities")["certChain"] = map[string]any{"certificates": []any{map[string]any{"rawBytes": "AAAA"}}}
		},
	}
	for name, spoil := range tests {
		m := publicGoodJSON(t)
		spoil(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trust.ParseRoot(data, "r.json"); !errors.Is(err, trust.ErrRoot) || !strings.Contains(err.Error(), "r.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
	good, err := json.Marshal(publicGoodJSON(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"nothing":         "",
		"no JSON":         "root",
		"two documents":   string(good) + string(good),
		"a member twice":  `{"mediaType":"x",` + string(good[1:]),
		"too long":        strings.Repeat(" ", 1<<20) + string(good),
		"something else":  `{"keys":[]}`,
		"not even UTF-8":  `{"mediaType":"` + "\xff" + `"}`,
		"an array of one": "[" + string(good) + "]",
	} {
		if _, err := trust.ParseRoot([]byte(data), "r.json"); !errors.Is(err, trust.ErrRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trust.ParseRoot(good, "r.json"); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func TestLoadRoots(t *testing.T) {
	roots, err := trust.LoadRoots("roots/public-good.json")
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := trust.PublicGood()
	if err != nil {
		t.Fatal(err)
	}
	if len(roots) != 1 || roots[0].Name != "public-good.json" || !roots[0].Date.IsZero() || roots[0].SHA256 != embedded.SHA256 {
		t.Errorf("%+v, embedded %+v", roots, embedded)
	}
	line, err := json.Marshal(publicGoodJSON(t))
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	two := string(line) + "\n" + string(line) + "\n"
	if roots, err := trust.LoadRoots(write(two)); err != nil || len(roots) != 2 || roots[1].Name != "r.jsonl:2" {
		t.Errorf("two lines: %+v %v", roots, err)
	}
	for _, path := range []string{
		filepath.Join(t.TempDir(), "none.json"), t.TempDir(), write(two + "{}\n"), write(two + "\n" + string(line)), write(""),
		write(strings.Repeat("{}\n", 100)),
	} {
		if _, err := trust.LoadRoots(path); !errors.Is(err, trust.ErrRoot) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
