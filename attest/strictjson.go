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
	data []byte
	at   int
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
		var seen names
		return w.list('}', func() error {
			name, err := unquote(w.string())
			if err != nil {
				return err
			}
			if !seen.add(name) {
				return fmt.Errorf("two members are named %q", clip(name))
			}
			w.space()
			w.at++ // the colon
			w.space()
			return w.value(depth + 1)
		})
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

// names is a set of member names. Objects are small as a rule: a map is made
// only for those that are not.
type names struct {
	few  []string
	many map[string]struct{}
}

func (n *names) add(name string) bool {
	if n.many != nil {
		if _, ok := n.many[name]; ok {
			return false
		}
		n.many[name] = struct{}{}
		return true
	}
	for _, f := range n.few {
		if f == name {
			return false
		}
	}
	n.few = append(n.few, name)
	if len(n.few) > 16 {
		n.many = make(map[string]struct{}, 2*len(n.few))
		for _, f := range n.few {
			n.many[f] = struct{}{}
		}
	}
	return true
}

// unquote returns the text of a JSON string.
func unquote(quoted []byte) (string, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", err
	}
	return s, nil
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
		w.space()
		w.at++ // the colon
		w.space()
		value, err := w.raw()
		out = append(out, member{name, value})
		return err
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
		value, err := w.raw()
		out = append(out, value)
		return err
	})
	return out, err
}

// raw returns the text of the value here and steps over it. Members within
// were compared before; skip does not compare them again.
func (w *walker) raw() (json.RawMessage, error) {
	start := w.at
	w.skip()
	return json.RawMessage(w.data[start:w.at]), nil
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
	return s, err
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
