package nearest_test

import (
	"testing"

	"github.com/fnseal/fnseal/internal/nearest"
)

func TestWord(t *testing.T) {
	words := []string{"verify", "version", "scan", "sign", "seal"}
	for word, want := range map[string]string{
		"verfy": "verify", "verison": "version", "scn": "scan",
		"scan": "scan", "sean": "scan", // one edit from scan and from seal
		"completely": "", "": "",
	} {
		if got := nearest.Word(word, words); got != want {
			t.Errorf("Word(%q) = %q, want %q", word, got, want)
		}
	}
}
