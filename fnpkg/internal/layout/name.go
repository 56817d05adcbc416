package layout

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fnseal/fnseal/fnpkg"
)

// Root is the path Name returns for a name that stands for the root itself.
const Root = "."

// Name brings an entry's name, as written in a package, into the form of
// fnpkg.Entry.Path: slash-separated, relative, without a leading "./", a
// trailing slash, or "." and ".." elements. What a reader could resolve
// differently is added to found. A single leading "./" and a single trailing
// slash are no hazard: every reader drops them.
//
// The path returned never leaves the root, whatever the name; for a name that
// comes down to the root it is Root.
func Name(raw string, found *List) string {
	name := strings.TrimPrefix(raw, "./")
	name = strings.TrimSuffix(name, "/")
	if plain(name) {
		return name
	}
	if name == "" && raw == "./" {
		return Root
	}
	if raw == "" {
		found.Add(fnpkg.HazardInvalidName, raw, "an empty name")
		return Root
	}
	if !utf8.ValidString(raw) {
		found.Add(fnpkg.HazardInvalidName, raw, "a name that is not UTF-8")
	}
	if strings.ContainsFunc(raw, unicode.IsControl) {
		found.Add(fnpkg.HazardControlName, raw, "a control character in the name")
	}
	if strings.Contains(raw, `\`) {
		found.Add(fnpkg.HazardBackslashPath, raw, "a backslash, which separates folders on some systems only")
	}
	absolute := strings.HasPrefix(name, "/") || raw == "/"
	switch {
	case absolute:
		found.Add(fnpkg.HazardAbsolutePath, raw, "a leading slash")
	case drive(name):
		found.Add(fnpkg.HazardAbsolutePath, raw, "a leading drive letter")
	}
	elements := strings.Split(strings.TrimPrefix(name, "/"), "/")
	// On some systems a backslash separates too, so "..\" is a parent there.
	for element := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if element == ".." {
			found.Add(fnpkg.HazardParentPath, raw, `".." in the name`)
			break
		}
	}
	for _, element := range elements {
		if element == "" && !absolute || element == "." {
			found.Add(fnpkg.HazardInvalidName, raw, `an empty or "." element in the name`)
			break
		}
	}
	cleaned := strings.TrimPrefix(path.Clean("/"+name), "/")
	if cleaned == "" {
		return Root
	}
	return cleaned
}

// plain reports whether name needs no further look: printable ASCII, none of
// the characters and elements that Name cares about. Most names are plain.
func plain(name string) bool {
	if name == "" {
		return false
	}
	start := 0 // of the current element
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '/' {
			switch name[start:i] {
			case "", ".", "..":
				return false
			}
			start = i + 1
			continue
		}
		if c := name[i]; c < 0x20 || c >= 0x7f || c == '\\' || c == ':' {
			return false
		}
	}
	return true
}

// drive reports whether name begins with a drive letter, as in "C:/x" or
// "C:x". A second colon makes it a name after all, as in "B::Concise".
func drive(name string) bool {
	if len(name) < 2 || name[1] != ':' {
		return false
	}
	letter := name[0] | 0x20
	return letter >= 'a' && letter <= 'z' && (len(name) == 2 || name[2] != ':')
}
