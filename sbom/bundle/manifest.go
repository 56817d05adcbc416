package bundle

import "bytes"

// maxManifest bounds a package.json within code.
const maxManifest = 64 << 10

// manifest is a package.json as an object literal within code.
type manifest struct{ name, version string }

// literal reads an object literal of JSON values, as bundlers print a
// package.json: keys bare or quoted, strings in any quotes, !0 and !1 for true
// and false. budget is what is left of the bytes all literals of a file may
// cost together.
type literal struct {
	code   []byte
	at     int
	budget *int
}

// readManifest reads the rest of an object whose key "name" has its value's
// opening quote just before at, and reports whether the object is the
// package.json of a published package: it has a full version, is not private,
// and says where the package lives or has several other fields of a
// package.json. Objects of name and version alone are everywhere.
func readManifest(code []byte, at int, budget *int) (manifest, bool) {
	l := literal{code: code[:min(len(code), at+maxManifest)], at: at - 1, budget: budget}
	name, ok := l.str()
	if !ok || !ValidName(name) {
		return manifest{}, false
	}
	m := manifest{name: name}
	home, fields := false, 0
	for l.next(',') {
		key, ok := l.key()
		if !ok {
			return manifest{}, false
		}
		switch key {
		case "version":
			if m.version, ok = l.str(); !ok {
				return manifest{}, false
			}
			continue
		case "private":
			if !l.falsy() {
				return manifest{}, false
			}
			continue
		case "repository", "homepage", "bugs":
			home = true
		case "description", "license", "author", "main", "module", "types", "exports", "files", "scripts", "keywords",
			"dependencies", "devDependencies", "peerDependencies", "engines", "contributors", "browser", "maintainers":
			fields++
		}
		if !l.value(0) {
			return manifest{}, false
		}
	}
	if !l.next('}') || !ValidVersion(m.version) {
		return manifest{}, false
	}
	return m, home && fields >= 1 || fields >= 4
}

func (l *literal) space() {
	for l.at < len(l.code) {
		switch l.code[l.at] {
		case ' ', '\t', '\n', '\r':
			l.at++
			*l.budget--
		default:
			return
		}
	}
}

// next consumes c if it comes next. A comma before the end of the object is
// none.
func (l *literal) next(c byte) bool {
	l.space()
	if l.at >= len(l.code) || l.code[l.at] != c || *l.budget <= 0 {
		return false
	}
	if c == ',' {
		at := l.at
		l.at++
		if l.space(); l.at < len(l.code) && l.code[l.at] != '}' && l.code[l.at] != ']' {
			return true
		}
		if l.at >= len(l.code) {
			l.at = at
		}
		return false
	}
	l.at++
	return true
}

// str reads a string literal without escapes of more than one character.
func (l *literal) str() (string, bool) {
	l.space()
	if l.at >= len(l.code) {
		return "", false
	}
	quote := l.code[l.at]
	if quote != '"' && quote != '\'' && quote != '`' {
		return "", false
	}
	for i := l.at + 1; i < len(l.code); i++ {
		*l.budget--
		switch l.code[i] {
		case quote:
			s := string(l.code[l.at+1 : i])
			l.at = i + 1
			return s, *l.budget > 0
		case '\\':
			i++
		case '\n':
			return "", false
		}
	}
	return "", false
}

// key reads a key and its colon.
func (l *literal) key() (string, bool) {
	l.space()
	start := l.at
	for l.at < len(l.code) && isWordByte(l.code[l.at]) {
		l.at++
	}
	key := string(l.code[start:l.at])
	if key == "" {
		var ok bool
		if key, ok = l.str(); !ok {
			return "", false
		}
	}
	return key, l.next(':')
}

// word consumes one of the words JSON and minifiers have for values.
func (l *literal) word() (string, bool) {
	for _, w := range []string{"true", "false", "null", "!0", "!1"} {
		if bytes.HasPrefix(l.code[l.at:], []byte(w)) {
			l.at += len(w)
			return w, true
		}
	}
	start := l.at
	for l.at < len(l.code) {
		if c := l.code[l.at]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c|0x20 != 'e' {
			break
		}
		l.at++
	}
	return "", l.at > start
}

func (l *literal) falsy() bool {
	l.space()
	w, ok := l.word()
	return ok && (w == "false" || w == "!1")
}

// value consumes a value.
func (l *literal) value(depth int) bool {
	l.space()
	if l.at >= len(l.code) || depth > 32 || *l.budget <= 0 {
		return false
	}
	*l.budget--
	switch c := l.code[l.at]; c {
	case '"', '\'', '`':
		_, ok := l.str()
		return ok
	case '{', '[':
		end := c + 2 // of ASCII: { } and [ ]
		l.at++
		if l.next(end) {
			return true
		}
		for {
			if c == '{' {
				if _, ok := l.key(); !ok {
					return false
				}
			}
			if !l.value(depth + 1) {
				return false
			}
			if !l.next(',') {
				return l.next(end)
			}
		}
	}
	_, ok := l.word()
	return ok
}
