// Package nearest finds the word that a mistyped one was meant to be.
package nearest

import "slices"

// Word returns the candidate within two edits of word that is nearest to it,
// the first in order of the alphabet among equals, and "" where there is none.
func Word(word string, candidates []string) string {
	const most = 64 // letters of a word that is worth comparing
	if len(word) > most {
		return ""
	}
	best, found := 3, ""
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(word, c); d < best {
			best, found = d, c
		}
	}
	return found
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
