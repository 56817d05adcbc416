package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPermute(t *testing.T) {
	app := newApp(&env{})
	for _, tt := range []struct {
		name     string
		in, want []string
	}{
		{"flags in front stay", []string{"fnseal", "sbom", "-o", "json", "a.zip"}, []string{"fnseal", "sbom", "-o", "json", "--", "a.zip"}},
		{"flags behind move", []string{"fnseal", "sign", "a.zip", "--key", "k"}, []string{"fnseal", "sign", "--key", "k", "--", "a.zip"}},
		{"a flag with an equals sign takes no argument", []string{"fnseal", "sign", "--key=k", "a.zip"}, []string{"fnseal", "sign", "--key=k", "--", "a.zip"}},
		{"a switch takes no argument", []string{"fnseal", "sbom", "-q", "a.zip"}, []string{"fnseal", "sbom", "-q", "--", "a.zip"}},
		{"two dashes end flags", []string{"fnseal", "sbom", "--", "-o"}, []string{"fnseal", "sbom", "--", "-o"}},
		{"one dash is an argument", []string{"fnseal", "sbom", "-", "-o", "json"}, []string{"fnseal", "sbom", "-o", "json", "--", "-"}},
		{"subcommands", []string{"fnseal", "db", "update", "--db", "x", "--source", "y"}, []string{"fnseal", "db", "update", "--db", "x", "--source", "y"}},
		{"an unknown flag is left to urfave", []string{"fnseal", "sbom", "a.zip", "--bogus"}, []string{"fnseal", "sbom", "--bogus", "--", "a.zip"}},
		{"an unknown command stays", []string{"fnseal", "bogus", "x"}, []string{"fnseal", "bogus", "x"}},
		{"a value that looks like a flag", []string{"fnseal", "sign", "a.zip", "--key", "--key"}, []string{"fnseal", "sign", "--key", "--key", "--", "a.zip"}},
		{"a flag without its value", []string{"fnseal", "sign", "a.zip", "--key"}, []string{"fnseal", "sign", "--key"}},
		{"nothing", []string{"fnseal"}, []string{"fnseal"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, permute(app, tt.in)); diff != "" {
				t.Errorf("permute(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

// FuzzPermute checks that reordering neither loses nor invents a word, unless
// the last one is a flag without its value, which is an error anyway.
func FuzzPermute(f *testing.F) {
	f.Add("sign", "a.zip", "--key", "k", "--")
	f.Add("db", "update", "--source", "x", "-")
	f.Add("sbom", "--", "-o", "json", "--")
	app := newApp(&env{})
	f.Fuzz(func(t *testing.T, a, b, c, d, e string) {
		in := []string{"fnseal", a, b, c, d, e}
		words := func(args []string) []string {
			kept := slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "--" })
			slices.Sort(kept)
			return kept
		}
		got := permute(app, in)
		if len(got) < len(in) && got[len(got)-1] == e {
			return
		}
		if diff := cmp.Diff(words(in), words(got)); diff != "" {
			t.Errorf("permute(%q) = %q", in, got)
		}
	})
}
