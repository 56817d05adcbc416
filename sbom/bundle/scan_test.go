package bundle

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// claimed returns what a scan claims, as "technique name@version".
func claimed(s *scan) []string {
	var out []string
	for _, c := range s.claims {
		id := string(c.technique) + " " + c.name
		if c.version != "" {
			id += "@" + c.version
		}
		out = append(out, id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestScan(t *testing.T) {
	tests := []struct {
		name, code string
		want       []string
	}{
		{"esbuild's comments and wrappers", `
// node_modules/axios/lib/axios.js
var require_axios = __commonJS({
  "node_modules/axios/lib/axios.js"(exports, module) {`, []string{"module-path axios"}},
		{"pnpm's store in a comment", "// node_modules/.pnpm/@s+a@1.0.0/node_modules/@s/a/i.js\n", []string{"module-path @s/a", "store-path @s/a@1.0.0"}},
		{"webpack's ids", "({\n/***/ \"./node_modules/a/b.js\":\n/*!***!*/\n/***/ (function(){}),\n\"./node_modules/c/d.js\":function(){}", []string{"module-path a", "module-path c"}},
		{"webpack's comments", "  !*** ./node_modules/a/b.js ***!\n;// ./node_modules/c/d.js\n;// CONCATENATED MODULE: ./node_modules/e/f.js\n", []string{"module-path a", "module-path c", "module-path e"}},
		{"rolldown's regions", "//#region node_modules/a/b.js\n", []string{"module-path a"}},
		{"paths in prose, strings and code", `
// see node_modules/a/b.js
// node_modules/a/b.js is broken
// node_modules/a
var p = "node_modules/a/b.js", q = x ? "node_modules/a/b.js" : y, r = f("node_modules/a/b.js");
throw Error('node_modules/a/b.js'); /* node_modules/a/b.js */
s = { k: "node_modules/a/b.js" }; t = ` + "`node_modules/${x}/b.js`;" + `
`, nil},
		{"a package.json", `e.exports={name:"ms",version:"2.1.3",description:"x",repository:"vercel/ms",main:"./index",files:["index.js"],scripts:{a:'b "c" \'d'},n:[1,!0,null,{}]}`, []string{"manifest ms@2.1.3"}},
		{"a package.json in quotes", `module.exports = JSON.parse('{"name":"@s/a","version":"1.0.0-rc.1","homepage":"x","license":"MIT"}');`, []string{"manifest @s/a@1.0.0-rc.1"}},
		{"no package.json of a published package", `
a={name:"a",version:"1.0.0"};
b={name:"b",version:"1.0.0",private:!0,repository:"x",license:"MIT"};
c={name:"c",version:"1.0",repository:"x",license:"MIT"};
d={name:"d",version:v,repository:"x",license:"MIT"};
e={name:"e e",version:"1.0.0",repository:"x",license:"MIT"};
f={name:"f",repository:"x",license:"MIT",nested:{version:"1.0.0"}};
g={name:"g",version:"1.0.0",repository:"x",license:"MIT"`, nil},
		{"banners of known packages", `x;
/*! Axios v1.7.9 Copyright (c) 2024 Matt Zabriskie and contributors */
/*! jQuery v3.7.1 | (c) OpenJS Foundation and other contributors | jquery.org/license */
/**
 * @license
 * Lodash <https://lodash.com/>
 * Copyright OpenJS Foundation
 */
/*!
 * decimal.js v10.4.3
 * An arbitrary-precision Decimal type for JavaScript.
 */`, []string{"banner axios@1.7.9", "banner decimal.js@10.4.3", "banner jquery@3.7.1", "banner lodash"}},
		{"banners of houses", `x;
/*! safe-buffer. MIT License. Feross Aboukhadijeh <https://feross.org/opensource> */
/*!
 * mime-db
 * Copyright(c) 2014 Jonathan Ong
 * Copyright(c) 2015-2022 Douglas Christopher Wilson
 * MIT Licensed
 */`, []string{"banner mime-db", "banner safe-buffer"}},
		{"banners that say where they are from", `x;
/*! js-yaml 4.1.0 https://github.com/nodeca/js-yaml @license MIT */
/*! own 1.0.0 (c) somebody, MIT License */
/*! Own Thing v1.0.0 https://github.com/me/own */
/*! own 1.0.0 https://github.com/me/thing */`, []string{"comment js-yaml@4.1.0"}},
		{"the script's own banner", "#!/usr/bin/env node\n\"use strict\";\n/*! fn v1.0.0 https://github.com/me/fn */\nx", nil},
		{"esbuild's list", `x;
/*! Bundled license information:

lodash/lodash.js:
  (**
   * @license
   * Lodash <https://lodash.com/>
   *)

moment/moment.js:
  (*! moment.js *)
  (*! version : 2.31.0 *)

@s/a/dist/index.js:
  (*! Some words
      and more:
   *)

src/handler.js:
  (*! ours *)

things/handler.ts:
  (*! ours *)

x/vendored.js:
  (*! jQuery v3.7.1 | (c) OpenJS Foundation *)
*/`, []string{"banner jquery@3.7.1", "license-list @s/a", "license-list lodash", "license-list moment", "license-list x"}},
		{"a fingerprint, and half of one", `throw new JsonWebTokenError("jwt must be provided");"secretOrPrivateKey must have a value";"Invalid SemVer Range: "`, []string{"fingerprint jsonwebtoken"}},
		{"a version by constant", `var Ca="1.7.9";f("ERR_BAD_OPTION_VALUE"),g.isAxiosError;return"[Axios v"+Ca+"] Transitional option '"+x`, []string{"fingerprint axios@1.7.9"}},
		{"a constant that is assigned twice", `var Ca="1.7.9";Ca="1.0.0";f("ERR_BAD_OPTION_VALUE"),g.isAxiosError;return"[Axios v"+Ca+"] Transitional option '"+x`, []string{"fingerprint axios"}},
		{"a constant that is no version", `var Ca=f("1.7.9");f("ERR_BAD_OPTION_VALUE"),g.isAxiosError;return"[Axios v"+Ca+"] Transitional option '"+x`, []string{"fingerprint axios"}},
		{"two versions", `"ERR_BAD_OPTION_VALUE";isAxiosError;"[Axios v1.7.9] Transitional option '";"[Axios v0.27.2] Transitional option '"`, []string{"fingerprint axios@0.27.2", "fingerprint axios@1.7.9"}},
		{"hostile names", "// node_modules/<script>/x.js\n// node_modules/a;b/x.js\n// node_modules/../x.js\n\"node_modules/\x1b[31m/x.js\"(", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, claimed(scanCode([]byte(test.code), "index.js"))); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAutomaton compares with a search for each needle.
func TestAutomaton(t *testing.T) {
	needles := []string{"a", "ab", "bab", "bc", "bca", "c", "caa", "abcab"}
	text := []byte("abccabbabcabcaacab")
	var got, want []string
	newAutomaton(needles).each(text, func(n, end int) bool {
		got = append(got, fmt.Sprintf("%s at %d", needles[n], end))
		return true
	})
	for _, n := range needles {
		for i := range text {
			if bytes.HasPrefix(text[i:], []byte(n)) {
				want = append(want, fmt.Sprintf("%s at %d", n, i+len(n)))
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hits (-want +got):\n%s", diff)
	}
}

// TestKnown keeps the table in order: valid names, each fact with its source, and
// no fingerprint that is met by another's strings.
func TestKnown(t *testing.T) {
	k := known()
	for title, name := range k.titles {
		if !ValidName(name) || title != strings.ToLower(title) {
			t.Errorf("title %q of %q", title, name)
		}
	}
	if n := strings.Count(string(knownJSON), `"source": "`); n < len(k.fingerprints)+len(k.constant) {
		t.Errorf("%d sources for %d facts", n, len(k.fingerprints)+len(k.constant))
	}
	for _, f := range k.fingerprints {
		if len(f.text) < 30 {
			t.Errorf("%s: %q is too short to be the package's alone", f.name, f.text)
		}
		var got []string
		for _, c := range scanCode([]byte(f.text), "x").claims {
			got = append(got, c.name)
		}
		if !slices.Equal(got, []string{f.name}) {
			t.Errorf("the strings of %s claim %q", f.name, got)
		}
	}
	if _, err := parseKnowledge([]byte("{")); err == nil {
		t.Error("a broken table is read")
	}
}

func TestShorten(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b[31m\nb":           "a [31m b",
		" \u202ea\u200b\xff ":    "a",
		strings.Repeat("ä", 200): strings.Repeat("ä", maxDetail) + "…",
		"plain":                  "plain",
	} {
		if got := shorten(in); got != want {
			t.Errorf("shorten(%q) = %q, want %q", in, got, want)
		}
	}
}
