package verify_test

import (
	"strings"
	"testing"

	"github.com/fnseal/fnseal/verify"
)

// TestPatterns: a pattern accepts whole texts only. CVE-2025-29778 was a
// regular expression that was given and not applied.
func TestPatterns(t *testing.T) {
	matching := func(expr string) verify.Pattern {
		p, err := verify.Matching(expr)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tests := []struct {
		pattern verify.Pattern
		text    string
		want    bool
	}{
		{verify.Exactly("a@example.com"), "a@example.com", true},
		{verify.Exactly("a@example.com"), "A@example.com", false},
		{verify.Exactly("a@example.com"), "a@example.com.evil.org", false},
		{verify.Exactly("a.c"), "abc", false},
		{verify.Exactly(""), "", false},
		{verify.Pattern{}, "", false},
		{verify.Pattern{}, "a", false},
		{matching(`.*`), "", false},
		{matching(`.*`), "a", true},
		{matching(`https://github\.com/org/.*`), "https://github.com/org/repo", true},
		{matching(`https://github\.com/org/.*`), "https://evil.org/?https://github.com/org/repo", false},
		{matching(`a@example\.com`), "a@example.com.evil.org", false},
		{matching(`a@example\.com`), "xa@example.com", false},
		{matching(`a|b`), "ab", false},
		{matching(`a|b`), "b", true},
		{matching(`^a$`), "a", true},
		{matching(`^a$`), "a\n", false},
		{matching(`(?m)^a$`), "x\na\ny", false},
		{matching(`a.c`), "a\nc", false},
	}
	for _, tt := range tests {
		if got := tt.pattern.Match(tt.text); got != tt.want {
			t.Errorf("%s matches %q: %t", tt.pattern, tt.text, got)
		}
	}
	for _, expr := range []string{"", "(", "a)|(b", `\C`, "(?<!a)b", strings.Repeat("a", 1<<13)} {
		if _, err := verify.Matching(expr); err == nil {
			t.Errorf("%.20q is taken for a regular expression", expr)
		}
	}
}
