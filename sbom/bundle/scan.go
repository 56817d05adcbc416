package bundle

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// claim is what one piece of evidence says: this package, perhaps this version,
// perhaps this copy of it.
type claim struct {
	name      string
	version   string
	place     string // the copy's folder in the build; empty when unknown
	technique Technique
	path      string // entry of the package that was read
	detail    string // what was read there

	// embedded says that the copy may be within another package, which was
	// published as a bundle: then it is not the one that is installed.
	embedded bool
}

// scan is what one pass over a script finds.
type scan struct {
	code   []byte
	path   string
	budget int // of bytes that manifests may still cost

	claims    []claim
	seen      map[claim]bool
	hits      [][]int // ends of the strings of fingerprints, by id
	bundler   string
	commented int // end of the last comment that was read
	tags      int // legal comments looked for
	constants map[string]string
}

const (
	// keptHits is how many places of one string are looked at for a version.
	keptHits = 256
	// maxTags bounds the legal comments of one script: some thousand packages
	// have few each.
	maxTags = 50_000
	// maxClaims bounds the distinct claims of one script.
	maxClaims = 50_000
)

// scanCode reads a script once, from front to back.
func scanCode(code []byte, name string) *scan {
	k := known()
	s := &scan{
		code: code, path: name, budget: 4*len(code) + 1024,
		seen: map[claim]bool{}, hits: make([][]int, k.stringIDs), constants: map[string]string{},
	}
	k.needles.each(code, func(i, end int) bool {
		n := &k.meaning[i]
		switch n.kind {
		case needleModules:
			s.modulePath(end-len(n.text), end)
		case needleComment:
			s.comment(end - len(n.text))
		case needleName:
			if m, ok := readManifest(code, end, &s.budget); ok {
				s.claim(claim{name: m.name, version: m.version, technique: TechniqueManifest, detail: "package.json within the code"})
			}
		case needleMarker:
			if s.bundler == "" {
				s.bundler = n.bundler
			}
		case needleString:
			if len(s.hits[n.id]) < keptHits {
				s.hits[n.id] = append(s.hits[n.id], end)
			}
		}
		return len(s.claims) < maxClaims
	})
	for i := range k.fingerprints {
		s.fingerprint(&k.fingerprints[i])
	}
	return s
}

func (s *scan) claim(c claim) {
	c.path, c.detail = s.path, shorten(c.detail)
	key := c
	if c.place != "" {
		key.detail = "" // one file of a copy is evidence enough
	}
	if !s.seen[key] {
		s.seen[key] = true
		s.claims = append(s.claims, c)
	}
}

// modulePath looks whether "node_modules/" at start stands in the name of a
// module: in a comment of its own line before the module, or as its id, the key
// of an object whose value is the module's function.
func (s *scan) modulePath(start, end int) {
	const reach = 512
	left := start
	for left > 0 && start-left < reach {
		if c := s.code[left-1]; c == '\n' || c == '"' || c == '\'' || c == '`' {
			break
		}
		left--
	}
	right := end
	stop := byte('\n')
	quoted := left > 0 && s.code[left-1] != '\n'
	if quoted {
		if stop = s.code[left-1]; stop != '"' && stop != '\'' && stop != '`' {
			return
		}
	}
	for right < len(s.code) && right-end < reach && s.code[right] != stop && s.code[right] != '\n' {
		right++
	}
	text := string(s.code[left:right])
	if quoted {
		if right >= len(s.code) || s.code[right] != stop || !isModuleID(s.code, left-1, right+1) {
			return
		}
	} else {
		var ok bool
		if text, ok = moduleComment(text); !ok {
			return
		}
	}
	m, ok := moduleOf(text)
	if !ok || !sourceFile(m.file) || strings.ContainsAny(text, " \t<>*\"'`(){};") {
		return
	}
	// esbuild writes the id only after the comment; webpack's begins with a dot.
	s.addModule(TechniqueModulePath, s.path, m, quoted && text[0] != '.')
}

// moduleComment cuts the path out of a line that holds nothing but it:
//
//	// node_modules/axios/lib/axios.js                esbuild, bun
//	;// ./node_modules/uuid/dist/esm-node/v4.js        webpack
//	;// CONCATENATED MODULE: ./node_modules/…          webpack
//	  !*** ./node_modules/lodash/lodash.js ***!        webpack
//	//#region node_modules/zod/v4/core/core.js         rolldown
func moduleComment(line string) (string, bool) {
	line = strings.TrimSpace(line)
	if p, ok := strings.CutPrefix(line, "!*** "); ok {
		return strings.CutSuffix(p, " ***!")
	}
	if p, ok := strings.CutPrefix(line, "//#region "); ok {
		return p, true
	}
	line = strings.TrimPrefix(line, ";")
	p, ok := strings.CutPrefix(line, "// ")
	return strings.TrimPrefix(p, "CONCATENATED MODULE: "), ok
}

// isModuleID reports whether the string literal that opens at "open" and ends
// before "after" is a key of an object of modules: "path": function, or
// "path"(exports, module) {.
func isModuleID(code []byte, open, after int) bool {
	rest := bytes.TrimLeft(code[after:min(len(code), after+64)], " \t\r\n")
	if len(rest) == 0 || rest[0] != '(' && rest[0] != ':' {
		return false
	}
	before := bytes.TrimRight(code[max(0, open-64):open], " \t\r\n")
	// webpack writes /***/ in front of each key.
	if bytes.HasSuffix(before, []byte("*/")) {
		return true
	}
	return len(before) > 0 && (before[len(before)-1] == '{' || before[len(before)-1] == ',')
}

// sourceFile reports whether a path ends as files do that bundlers take in.
func sourceFile(p string) bool {
	switch path.Ext(p) {
	case ".js", ".mjs", ".cjs", ".json", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".node", ".wasm", ".css", ".vue", ".svelte", ".graphql":
		return true
	}
	return false
}

func typescript(p string) bool {
	switch path.Ext(p) {
	case ".ts", ".mts", ".cts", ".tsx", ".jsx":
		return true
	}
	return false
}

// comment reads the legal comment around or behind at.
func (s *scan) comment(at int) {
	if at < s.commented || s.tags >= maxTags {
		return
	}
	s.tags++
	text, end, ok := legalComment(s.code, at)
	s.commented = end
	if !ok {
		return
	}
	if strings.HasPrefix(text, legalList) {
		s.bundler = "esbuild"
		for _, l := range readLegalList(text) {
			s.listed(l)
		}
		return
	}
	b, ok := readBanner(text)
	if !ok || b.name == "" || b.generic && isHead(s.code[:end-len(text)-len("/**/")]) {
		return
	}
	s.banner(b)
}

// isHead reports whether no code stands before a comment: then it speaks of the
// script as a whole, which may be the function's author's.
func isHead(before []byte) bool {
	const head = 4 << 10
	if len(before) > head {
		return false
	}
	for {
		before = bytes.TrimLeft(before, " \t\r\n;\xef\xbb\xbf")
		ok := false
		switch {
		case len(before) == 0:
			return true
		case bytes.HasPrefix(before, []byte("/*")):
			_, before, ok = bytes.Cut(before, []byte("*/"))
		case bytes.HasPrefix(before, []byte("//")), bytes.HasPrefix(before, []byte("#!")):
			_, before, ok = bytes.Cut(before, []byte("\n"))
		case bytes.HasPrefix(before, []byte(`"use strict"`)), bytes.HasPrefix(before, []byte(`'use strict'`)):
			before, ok = before[len(`"use strict"`):], true
		}
		if !ok {
			return false
		}
	}
}

func (s *scan) banner(b banner) {
	t := TechniqueBanner
	if b.generic {
		t = TechniqueComment
	}
	s.claim(claim{name: b.name, version: b.version, technique: t, detail: b.line})
}

// listed takes over one file of esbuild's list. Comments under it that name
// the package may tell its version; those of others that it was built from
// speak for themselves.
func (s *scan) listed(l listed) {
	version, detail := "", l.name+"/"+l.file
	for _, b := range l.banners {
		switch {
		case sameTitle(b.title, l.name):
			if b.version != "" {
				version, detail = b.version, detail+": "+b.line
			}
		case b.name != "" && !b.generic:
			s.banner(b)
		}
	}
	s.claim(claim{name: l.name, version: version, technique: TechniqueLicenseList, detail: detail})
}

// fingerprint claims a package all of whose strings are there, once for each
// version that is found near them.
func (s *scan) fingerprint(f *fingerprint) {
	for _, id := range f.strings {
		if len(s.hits[id]) == 0 {
			return
		}
	}
	any := false
	for i := range f.versions {
		rule := &f.versions[i]
		for _, end := range s.hits[rule.near] {
			version, detail := s.apply(rule, end)
			if version != "" {
				any = true
				s.claim(claim{name: f.name, version: version, technique: TechniqueFingerprint, detail: detail})
			}
		}
	}
	if !any {
		s.claim(claim{name: f.name, technique: TechniqueFingerprint, detail: f.text})
	}
}

// apply looks for a version near a string that ends at end.
func (s *scan) apply(rule *versionRule, end int) (version, detail string) {
	window := s.code[max(0, end-rule.before):min(len(s.code), end+rule.after)]
	m := rule.match.FindSubmatch(window)
	if m == nil {
		return "", ""
	}
	version = string(m[1])
	if rule.identifier {
		version = s.constant(version)
	}
	if !ValidVersion(version) {
		return "", ""
	}
	return version, "version " + version + " with " + string(m[0])
}

// constant returns the version that a variable is assigned, if the script
// assigns a variable of that name only once.
func (s *scan) constant(name string) string {
	const maxConstants = 16 // each is a search of the whole script
	version, ok := s.constants[name]
	if !ok && len(s.constants) < maxConstants {
		version = s.findConstant([]byte(name))
		s.constants[name] = version
	}
	return version
}

func (s *scan) findConstant(word []byte) string {
	version := ""
	count := 0
	for at := 0; ; {
		i := bytes.Index(s.code[at:], word)
		if i < 0 {
			return version
		}
		start := at + i
		at = start + len(word)
		if start > 0 && (isWordByte(s.code[start-1]) || s.code[start-1] == '.') || at >= len(s.code) || isWordByte(s.code[at]) {
			continue
		}
		rest := bytes.TrimLeft(s.code[at:min(len(s.code), at+maxVersion+8)], " ")
		if len(rest) < 3 || rest[0] != '=' || rest[1] == '=' || rest[1] == '>' {
			continue
		}
		if count++; count > 1 {
			return ""
		}
		rest = bytes.TrimLeft(rest[1:], " ")
		if n := versionLength(string(rest[min(1, len(rest)):])); n > 0 && 1+n < len(rest) && (rest[0] == '"' || rest[0] == '\'') && rest[1+n] == rest[0] {
			version = string(rest[1 : 1+n])
		}
	}
}

// maxDetail bounds evidence in characters.
const maxDetail = 160

// shorten brings text from a package into one printable line.
func shorten(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b || r == 0xfeff {
			r = ' '
		}
		if n++; n > maxDetail {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
