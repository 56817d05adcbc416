package registry

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// maxNesting bounds objects within objects; manifests need five.
const maxNesting = 64

// checkKeys refuses JSON in which an object has a key twice: readers differ in
// which of them counts. Keys that differ only in case are the same key to some
// readers, Go's among them; under the members named free, where keys are the
// author's own words, they are not.
func checkKeys(data []byte, free ...string) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, free, false, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return formatError("something follows the JSON of its manifest or configuration")
	}
	return nil
}

func checkValue(d *json.Decoder, free []string, within bool, depth int) error {
	token, err := d.Token()
	if err != nil {
		return &fnpkg.FormatError{Format: "container image", Reason: "its manifest or configuration is no JSON", Err: err}
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth > maxNesting {
		return &fnpkg.LimitError{What: "levels of JSON", Limit: maxNesting, Got: maxNesting + 1}
	}
	seen := make(map[string]bool)
	for d.More() {
		inside := within
		if delim == '{' {
			token, err := d.Token()
			if err != nil {
				return &fnpkg.FormatError{Format: "container image", Reason: "its manifest or configuration is no JSON", Err: err}
			}
			key, _ := token.(string)
			folded := key
			if !within {
				folded = strings.ToLower(key)
				inside = slices.Contains(free, folded)
			}
			if seen[folded] {
				return formatError("the key %q stands more than once in one object of its manifest or configuration", key)
			}
			seen[folded] = true
		}
		if err := checkValue(d, free, inside, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing delimiter
		return &fnpkg.FormatError{Format: "container image", Reason: "its manifest or configuration is no JSON", Err: err}
	}
	return nil
}
