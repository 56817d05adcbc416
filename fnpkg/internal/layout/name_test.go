package layout

import (
	"slices"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestName(t *testing.T) {
	for _, c := range []struct {
		raw, path string
		want      []fnpkg.HazardID
	}{
		{"index.py", "index.py", nil},
		{"a/b/c.txt", "a/b/c.txt", nil},
		{"a/b/", "a/b", nil},
		{"./a", "a", nil},
		{"./a/", "a", nil},
		{"./", ".", nil},
		{"...", "...", nil},
		{"..a/b..", "..a/b..", nil},
		{"caf\u00e9/x", "caf\u00e9/x", nil},
		{"B::Deparse.pod", "B::Deparse.pod", nil},
		{"ab:c", "ab:c", nil},
		{"", ".", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{".", ".", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{"/", ".", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{"..", ".", []fnpkg.HazardID{fnpkg.HazardParentPath}},
		{"../a", "a", []fnpkg.HazardID{fnpkg.HazardParentPath}},
		{"./../a", "a", []fnpkg.HazardID{fnpkg.HazardParentPath}},
		{"././a", "a", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{"a/../../b", "b", []fnpkg.HazardID{fnpkg.HazardParentPath}},
		{"a/..", ".", []fnpkg.HazardID{fnpkg.HazardParentPath}},
		{"/etc/passwd", "etc/passwd", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{"./" + "/etc/passwd", "etc/passwd", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{"//etc", "etc", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{"a//b", "a/b", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{"a//", "a", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{"a/./b", "a/b", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
		{"C:/x", "C:/x", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{"c:x", "c:x", []fnpkg.HazardID{fnpkg.HazardAbsolutePath}},
		{`a\b`, `a\b`, []fnpkg.HazardID{fnpkg.HazardBackslashPath}},
		{`..\b`, `..\b`, []fnpkg.HazardID{fnpkg.HazardBackslashPath, fnpkg.HazardParentPath}},
		{"a\x00b", "a\x00b", []fnpkg.HazardID{fnpkg.HazardControlName}},
		{"a\x7f", "a\x7f", []fnpkg.HazardID{fnpkg.HazardControlName}},
		{"a\u009bm", "a\u009bm", []fnpkg.HazardID{fnpkg.HazardControlName}},
		{"\xff", "\xff", []fnpkg.HazardID{fnpkg.HazardInvalidName}},
	} {
		var l List
		path := Name(c.raw, &l)
		var ids []fnpkg.HazardID
		for _, h := range l.Sorted() {
			ids = append(ids, h.ID)
		}
		if path != c.path || !slices.Equal(ids, c.want) {
			t.Errorf("Name(%q) = %q, %v; want %q, %v", c.raw, path, ids, c.path, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][2]string{
		{"A/B.TXT", "a/b.txt"},
		{"K", "\u212a"},                  // Kelvin sign
		{"s", "\u017f"},                  // long s
		{"\u00e9", "e\u0301"},            // composed and decomposed
		{"\u00c9", "e\u0301"},            // and upper-case
		{"\u03a3", "\u03c2"},             // the sigmas
		{"\ud55c", "\u1112\u1161\u11ab"}, // Hangul
		{"\u212b", "\u00e5"},             // Angstrom sign
	} {
		if a, b := fold(same[0]), fold(same[1]); a != b {
			t.Errorf("fold(%q) = %q, fold(%q) = %q", same[0], a, same[1], b)
		}
	}
	for _, different := range [][2]string{{"a", "b"}, {"\u00e9", "e"}, {"[", "{"}, {"a/b", "a_b"}} {
		if a, b := fold(different[0]), fold(different[1]); a == b {
			t.Errorf("fold(%q) = fold(%q) = %q", different[0], different[1], a)
		}
	}
}

func TestListIsBounded(t *testing.T) {
	var l List
	for range perID + 5 {
		l.Add(fnpkg.HazardSetuid, "x", "y")
	}
	l.Add(fnpkg.HazardOverlap, "", "o")
	l.Add(fnpkg.HazardSpecialFile, "", "s")
	got := l.Sorted()
	want := []fnpkg.Hazard{
		{ID: fnpkg.HazardOverlap, Detail: "o"},
		{ID: fnpkg.HazardSetuid, Path: "x", Detail: "y"},
		{ID: fnpkg.HazardSetuid, Detail: "and 5 more"},
		{ID: fnpkg.HazardSpecialFile, Detail: "s"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
