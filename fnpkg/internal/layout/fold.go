package layout

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold returns a key that is equal for names which a file system that ignores
// case, or composes and decomposes letters, takes for one: the canonical
// caseless match of the Unicode Standard (definition D145), with simple
// folding. Normalisation is the one thing here that the standard library does
// not offer.
func fold(name string) string {
	ascii, lower := true, true
	for i := 0; i < len(name); i++ {
		c := name[i]
		ascii = ascii && c < utf8.RuneSelf
		lower = lower && (c < 'A' || c > 'Z')
	}
	switch {
	case ascii && lower:
		return name
	case ascii:
		return strings.ToLower(name)
	}
	return norm.NFD.String(strings.Map(foldRune, norm.NFD.String(name)))
}

// foldRune returns the one member of r's folding orbit that stands for all:
// the smallest, or its lower-case form where that is an ASCII letter, so that
// it agrees with strings.ToLower on ASCII.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}
