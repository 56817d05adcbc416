package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// checkJSON accepts exactly one JSON value in valid UTF-8, with no object that
// has two members of one name and no nesting beyond maxDepth. encoding/json
// takes the last of two members and other readers the first.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	if !json.Valid(data) {
		return syntaxError(data)
	}
	w := walker{data: data}
	w.space()
	return w.value(0)
}

// syntaxError says where data stops being JSON.
func syntaxError(data []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(data, &v)
	var se *json.SyntaxError
	if errors.As(err, &se) {
		return fmt.Errorf("not valid JSON at byte %d: %w", se.Offset, err)
	}
	return fmt.Errorf("not valid JSON: %w", err)
}

// walker steps over JSON that json.Valid has accepted, so it needs no grammar
// of its own: every delimiter is where it must be.
type walker struct {
	data  []byte
	at    int
	names [][]byte // of the objects the walker is in
}

func (w *walker) space() {
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case ' ', '\t', '\n', '\r':
			w.at++
		default:
			return
		}
	}
}

// value steps over one value and the space behind it.
func (w *walker) value(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON is nested more than %d deep", maxDepth)
	}
	switch w.data[w.at] {
	case '{':
		return w.object(depth)
	case '[':
		return w.list(']', func() error { return w.value(depth + 1) })
	case '"':
		w.string()
	default: // number, true, false, null
		w.skip()
	}
	w.space()
	return nil
}

// object steps over an object none of whose members share a name. The names of
// all objects around this one are on one stack, so that small objects, which
// most are, cost no memory of their own.
func (w *walker) object(depth int) error {
	base := len(w.names)
	var many map[string]bool
	err := w.list('}', func() error {
		name, err := unquote(w.string())
		if err != nil {
			return err
		}
		if many == nil && len(w.names)-base < fewNames {
			for _, n := range w.names[base:] {
				if bytes.Equal(n, name) {
					return twice(name)
				}
			}
			w.names = append(w.names, name)
		} else {
			if many == nil {
				many = make(map[string]bool)
				for _, n := range w.names[base:] {
					many[string(n)] = true
				}
			}
			if many[string(name)] {
				return twice(name)
			}
			many[string(name)] = true
		}
		w.colon()
		return w.value(depth + 1)
	})
	w.names = w.names[:base]
	return err
}

// fewNames is up to how many names are compared one by one.
const fewNames = 16

func twice(name []byte) error {
	return fmt.Errorf("two members are named %q", clip(string(name)))
}

// list steps over the elements between the bracket here and end.
func (w *walker) list(end byte, element func() error) error {
	w.at++
	w.space()
	for w.data[w.at] != end {
		if w.data[w.at] == ',' {
			w.at++
			w.space()
		}
		if err := element(); err != nil {
			return err
		}
		w.space()
	}
	w.at++
	w.space()
	return nil
}

// string steps over a string and returns it with its quotes.
func (w *walker) string() []byte {
	start := w.at
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.data[start:w.at]
}

// colon steps over the colon between a name and its value.
func (w *walker) colon() {
	w.space()
	w.at++
	w.space()
}

// unquote returns the text of a JSON string, which may be a part of quoted.
func unquote(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return nil, err
	}
	return []byte(s), nil
}

// member is one member of an object; value is the text of its value without
// space around it.
type member struct {
	name  string
	value json.RawMessage
}

// members takes an object apart. The text must have passed checkJSON.
func members(object json.RawMessage) ([]member, error) {
	if len(object) == 0 || object[0] != '{' {
		return nil, errors.New("is not an object")
	}
	w := walker{data: object}
	var out []member
	err := w.list('}', func() error {
		name, err := unquote(w.string())
		if err != nil {
			return err
		}
		w.colon()
		out = append(out, member{string(name), w.raw()})
		return nil
	})
	return out, err
}

// elements takes an array apart. The text must have passed checkJSON.
func elements(array json.RawMessage) ([]json.RawMessage, error) {
	if len(array) == 0 || array[0] != '[' {
		return nil, errors.New("is not an array")
	}
	w := walker{data: array}
	var out []json.RawMessage
	err := w.list(']', func() error {
		out = append(out, w.raw())
		return nil
	})
	return out, err
}

// raw returns the text of the value here and steps over it. Members within
// were compared before; skip does not compare them again.
func (w *walker) raw() json.RawMessage {
	start := w.at
	w.skip()
	return w.data[start:w.at]
}

// skip steps over one value by its brackets alone.
func (w *walker) skip() {
	depth := 0
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			w.at++
		case '"':
			w.string()
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
			w.at++
		default:
			w.at++
			continue
		}
		if depth == 0 {
			return
		}
	}
}

// text reads a value that must be a string.
func text(value json.RawMessage) (string, error) {
	if len(value) == 0 || value[0] != '"' {
		return "", errors.New("is not a string")
	}
	s, err := unquote(value)
	if err == nil && len(s) > maxNameBytes {
		return "", fmt.Errorf("is longer than %d bytes", maxNameBytes)
	}
	return string(s), err
}

// clip bounds hostile text that is repeated in a message.
func clip(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
