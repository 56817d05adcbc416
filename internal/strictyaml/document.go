package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
)

const (
	// MaxSize is how many bytes a file may have.
	MaxSize = 1 << 20

	maxDepth = 32 // of nested values
)

// Document is a file that was read, and knows where its values stand.
type Document struct {
	name   string
	places map[string]place
}

type place struct{ line, col int }

// Decode reads the one YAML document in data into v, a pointer to a struct.
// name is the file's name in errors. The error joins an [Error] for each
// defect; v is then not to be used.
func Decode(name string, data []byte, v any) (*Document, error) {
	root, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	d := &decoder{doc: &Document{name: name, places: make(map[string]place)}}
	d.into(root, v)
	if err := join(d.errs); err != nil {
		return nil, err
	}
	return d.doc, nil
}

// Name returns the name that the file was read under.
func (d *Document) Name() string { return d.name }

// Errorf returns an error about the value at path. Of a value that is not in
// the file, the place is that of the nearest that holds it.
func (d *Document) Errorf(path, format string, args ...any) *Error {
	at, ok := d.places[path]
	for up := path; !ok && up != ""; {
		up = up[:max(0, strings.LastIndexAny(up, ".["))]
		at, ok = d.places[up]
	}
	if !ok {
		at = place{1, 1}
	}
	return &Error{File: d.name, Line: at.line, Col: at.col, Path: path, Msg: fmt.Sprintf(format, args...)}
}

// Join makes one error of the defects found in a document: nil of none.
func Join(defects []*Error) error { return join(defects) }

// parse returns the root of the only document.
func parse(name string, data []byte) (*yamlv3.Node, error) {
	fail := func(line, col int, format string, args ...any) error {
		return &Error{File: name, Line: line, Col: col, Msg: fmt.Sprintf(format, args...)}
	}
	if len(data) > MaxSize {
		return nil, fail(1, 1, "the file has more than %d bytes", MaxSize)
	}
	if !utf8.Valid(data) {
		line, col := invalidUTF8(data)
		return nil, fail(line, col, "not valid UTF-8")
	}
	dec := yamlv3.NewDecoder(bytes.NewReader(data))
	var doc, second yamlv3.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, fail(1, 1, "the file is empty")
	}
	if err == nil {
		if err = dec.Decode(&second); errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		}
		if err == nil {
			return nil, fail(second.Line, max(1, second.Column), "a second document: one file holds one")
		}
	}
	line, col, msg := explain(data, err)
	return nil, fail(line, col, "not valid YAML: %s", msg)
}

var lineNumber = regexp.MustCompile(`^line (\d+): `)

// explain says where and why data is not YAML. The parser names no column, and
// counts lines from 0 where it misses something; so the place is the beginning
// of what stands in the line.
func explain(data []byte, err error) (line, col int, msg string) {
	line, msg = 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineNumber.FindStringSubmatch(msg); m != nil {
		msg = msg[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
		if strings.HasPrefix(msg, "did not find expected") {
			line++
		}
	}
	lines := strings.Split(strings.TrimRight(string(data), "\r\n"), "\n")
	line = min(line, len(lines))
	text := lines[line-1]
	return line, 1 + len(text) - len(strings.TrimLeft(text, " \t")), msg
}

func invalidUTF8(data []byte) (line, col int) {
	line, col = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return line, col
		case r == '\n':
			line, col = line+1, 1
		default:
			col++
		}
		data = data[size:]
	}
	return line, col
}
