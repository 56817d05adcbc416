package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
)

func link(path, target string) fnpkg.Entry {
	return fnpkg.Entry{Path: path, Mode: fs.ModeSymlink | 0o777, LinkTarget: target}
}

func TestLinks(t *testing.T) {
	chain := func(n int) []fnpkg.Entry {
		var out []fnpkg.Entry
		for i := range n {
			out = append(out, link(fmt.Sprintf("l%03d", i), fmt.Sprintf("l%03d", i+1)))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		links []fnpkg.Entry
		want  []fnpkg.HazardID // of the first link
	}{
		{"beside", []fnpkg.Entry{link("a", "b")}, nil},
		{"up and down", []fnpkg.Entry{link("a/b/c", "../../x/y")}, nil},
		{"to the root", []fnpkg.Entry{link("a/b", "..")}, nil},
		{"to the root itself", []fnpkg.Entry{link("a", ".")}, nil},
		{"slashes", []fnpkg.Entry{link("a/b", ".//..///x/")}, nil},
		{"one too many", []fnpkg.Entry{link("a/b", "../..")}, []fnpkg.HazardID{fnpkg.HazardEscapingLink}},
		{"out and back in", []fnpkg.Entry{link("a", "../package/x")}, []fnpkg.HazardID{fnpkg.HazardEscapingLink}},
		{"absolute", []fnpkg.Entry{link("a", "/opt/x")}, []fnpkg.HazardID{fnpkg.HazardEscapingLink}},
		{"drive", []fnpkg.Entry{link("a", "c:/x")}, []fnpkg.HazardID{fnpkg.HazardEscapingLink}},
		{"through a link to a shallower folder", []fnpkg.Entry{link("a/b", "../x/deep/../../.."), link("x/deep", "../y")}, []fnpkg.HazardID{fnpkg.HazardEscapingLink}},
		{"through a link to a deeper folder", []fnpkg.Entry{link("a/b", "../x/deep/../.."), link("x/deep", "../y/z/v/w")}, nil},
		{"self", []fnpkg.Entry{link("a", "a")}, []fnpkg.HazardID{fnpkg.HazardLoopingLink}},
		{"beneath self", []fnpkg.Entry{link("a", "a/b")}, []fnpkg.HazardID{fnpkg.HazardLoopingLink}},
		{"long chain", chain(maxHops - 1), nil},
		{"endless chain", chain(maxHops + 1), []fnpkg.HazardID{fnpkg.HazardLoopingLink}},
	} {
		var l List
		if err := checkLinks(c.links, &l); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []fnpkg.HazardID
		for _, h := range l.Sorted() {
			if h.Path == c.links[0].Path {
				got = append(got, h.ID)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestLinksAreBounded follows links that multiply: each leads through the one
// before it many times over.
func TestLinksAreBounded(t *testing.T) {
	const many = 10_000
	long := strings.Repeat("x/", 2000)
	target := strings.Repeat("l0/../", 30) + long
	links := []fnpkg.Entry{link("l0", long)}
	for i := range many {
		links = append(links, link(fmt.Sprintf("m%06d", i), target))
	}
	var limit *fnpkg.LimitError
	if err := checkLinks(links, &List{}); !errors.As(err, &limit) {
		t.Errorf("error %v, want a *fnpkg.LimitError", err)
	}
}
