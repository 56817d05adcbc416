package term

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "@scope/name 1.0.0", "@scope/name 1.0.0"},
		{"letters beyond ASCII", "größe 日本 🙂", "größe 日本 🙂"},
		{"escape sequence", "a\x1b[31mred", `a\x1b[31mred`},
		{"line breaks", "a\nb\r\tc", `a\x0ab\x0d\x09c`},
		{"bidirectional override", "a\u202eb", `a\u202eb`},
		{"zero width", "lod\u200bash", `lod\u200bash`},
		{"C1 control", "a\u009bb", `a\u009bb`},
		{"invalid UTF-8", "a\xffb", `a\xffb`},
		{"replacement character stays", "a\ufffdb", "a\ufffdb"},
		{"tag characters", "a\U000e0041b", `a\U000e0041b`},
		{"workflow command", "::error::x", `\x3a:error::x`},
		{"workflow command behind spaces", "  ::error::x", `  \x3a:error::x`},
		{"old workflow command", "x##[error]y", `x##\x5berror]y`},
		{"colons inside", "Foo::Bar", "Foo::Bar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("::warning::\x1b]0;t\x07")
	f.Add("a\u202eb\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q is not UTF-8", s, got)
		}
		if hostile(got) || strings.HasPrefix(strings.TrimSpace(got), "::") || strings.Contains(got, "##[") {
			t.Errorf("Clean(%q) = %q still acts on a terminal or runner", s, got)
		}
		if again := Clean(got); again != got {
			t.Errorf("Clean is not stable: %q then %q", got, again)
		}
	})
}
