package bundle

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// knownJSON lists what is known of single packages, each fact with the place in
// the package's source it was taken from. Facts of this kind are few on
// purpose: they must hold in minified code, for many versions, and in no other
// package.
//
//go:embed known.json
var knownJSON []byte

// knowledge is known.json, ready for use, and the automaton that looks for all
// that is worth finding in code.
type knowledge struct {
	titles       map[string]string // lower-cased title of a banner → npm name
	constant     map[string]bool   // packages whose constant VERSION is their version
	fingerprints []fingerprint

	needles   *automaton
	meaning   []needle // by index in needles
	stringIDs int      // number of distinct strings of fingerprints

	houses        []*regexp.Regexp
	bannerVersion *regexp.Regexp
}

// fingerprint recognises a package by strings no minifier changes: messages,
// names of error classes, property names. All of them must be there.
type fingerprint struct {
	name     string
	strings  []int // ids
	text     string
	versions []versionRule
}

// versionRule finds the version near one of the strings of a fingerprint.
type versionRule struct {
	near       int // id of the string
	before     int // bytes that the match may begin before the string's end
	after      int // bytes that it may go on behind it
	match      *regexp.Regexp
	identifier bool // the match is the name of the variable that holds it
}

// needle says what a hit of the automaton means.
type needle struct {
	kind    needleKind
	text    string
	id      int    // of a fingerprint's string
	bundler string // of a marker
}

type needleKind int

const (
	needleModules needleKind = iota // a path with node_modules
	needleComment                   // a legal comment
	needleName                      // the key "name" of an object, and the quote of its value
	needleMarker                    // runtime code of a bundler
	needleString                    // a string of a fingerprint
)

// known returns the knowledge, made ready on first use.
var known = sync.OnceValue(func() *knowledge {
	k, err := parseKnowledge(knownJSON)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return k
})

func parseKnowledge(text []byte) (*knowledge, error) {
	var file struct {
		Titles       map[string]string
		Constants    []struct{ Name, Source string }
		Fingerprints []struct {
			Name, Source string
			Strings      []string
			Versions     []struct {
				Source, Near, Match string
				Before, After       int
				Identifier          bool
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("reading what is known of packages: %w", err)
	}
	k := &knowledge{titles: file.Titles, constant: map[string]bool{}}
	for _, c := range file.Constants {
		k.constant[c.Name] = true
	}
	k.addFixed()
	ids := map[string]int{}
	id := func(s string) int {
		n, ok := ids[s]
		if !ok {
			n = len(ids)
			ids[s] = n
			k.meaning = append(k.meaning, needle{kind: needleString, text: s, id: n})
		}
		return n
	}
	for _, f := range file.Fingerprints {
		if !ValidName(f.Name) || len(f.Strings) == 0 {
			return nil, fmt.Errorf("fingerprint %q: no valid name or no strings", f.Name)
		}
		made := fingerprint{name: f.Name, text: strings.Join(f.Strings, " · ")}
		for _, s := range f.Strings {
			made.strings = append(made.strings, id(s))
		}
		for _, v := range f.Versions {
			match, err := regexp.Compile(v.Match)
			if err != nil {
				return nil, fmt.Errorf("fingerprint %q: %w", f.Name, err)
			}
			made.versions = append(made.versions, versionRule{near: id(v.Near), before: v.Before, after: v.After, match: match, identifier: v.Identifier})
		}
		k.fingerprints = append(k.fingerprints, made)
	}
	k.stringIDs = len(ids)

	texts := make([]string, len(k.meaning))
	for i, n := range k.meaning {
		texts[i] = n.text
	}
	k.needles = newAutomaton(texts)
	return k, nil
}

// addFixed adds what belongs to bundlers and conventions, not to packages.
func (k *knowledge) addFixed() {
	add := func(kind needleKind, bundler string, texts ...string) {
		for _, t := range texts {
			k.meaning = append(k.meaning, needle{kind: kind, text: t, bundler: bundler})
		}
	}
	add(needleModules, "", "node_modules/")
	add(needleComment, "", "/*!", "@license", "@preserve")
	add(needleName, "", `name:"`, `name: "`, `"name":"`, `"name": "`, `name:'`, `name: '`)
	// Runtime code that each bundler writes into its output, minified or not.
	add(needleMarker, "webpack", "__webpack_require__", "__webpack_modules__", "webpackChunk", "For license information please see ")
	add(needleMarker, "esbuild", "__commonJS = (", "__toESM = (", "=Object.getOwnPropertyDescriptor;var ", "=Object.getOwnPropertyNames;var ", "Dynamic require of \"", "Bundled license information:")
	add(needleMarker, "rollup", "getDefaultExportFromCjs", "commonjsGlobal", "getAugmentedNamespace")
	add(needleMarker, "rolldown", "//#region node_modules/", "__commonJSMin")
	add(needleMarker, "parcel", "parcelRequire", "$parcel$")
	add(needleMarker, "browserify", "[function(require,module,exports)")
	k.houses = []*regexp.Regexp{
		// One author's packages: "safe-buffer. MIT License. Feross Aboukhadijeh <https://…>"
		regexp.MustCompile(`^(\S+)\. [-\w.() ]+ License\. Feross Aboukhadijeh\b`),
		// The packages around express: "mime-db", "Copyright(c) 2014 Jonathan Ong", …, "MIT Licensed"
		regexp.MustCompile(`(?s)^(\S+)\nCopyright\(c\) \d{4}.*\nMIT Licensed\n?$`),
	}
	// What stands between title and version, and the version: "Title v1.2.3",
	// "Title - v1.2.3", "title, version: 1.2.3", "title@1.2.3".
	k.bannerVersion = regexp.MustCompile(`^(?:@| ?[-–—:,]? ?(?:version:? ?)?)[vV]?(\d+\.\d+\.\d+[-+.\w]*)`)
}

// title returns the package whose banner has a title.
func (k *knowledge) title(title string) (name string, ok bool) {
	name, ok = k.titles[strings.ToLower(title)]
	return name, ok
}
