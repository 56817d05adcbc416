package catalog

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// sri is the integrity text of 64 equal bytes.
func sri(b byte) string {
	return "sha512-" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 64))
}

func TestParseIntegrity(t *testing.T) {
	for text, want := range map[string][2]string{
		sri(1):                        {"", strings.Repeat("01", 64)},
		"sha1-xyz " + sri(1) + "?a=b": {"", strings.Repeat("01", 64)},
		sri(1) + " " + sri(1):         {"", strings.Repeat("01", 64)},
		sri(1) + " " + sri(2):         {},
		"sha256-" + base64.StdEncoding.EncodeToString(make([]byte, 32)): {strings.Repeat("00", 32), ""},
		"sha512-AAAA": {},
		"":            {},
	} {
		if a, b := parseIntegrity(text); a != want[0] || b != want[1] {
			t.Errorf("%q is %q, %q; want %q", text, a, b, want)
		}
	}
}
