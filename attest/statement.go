package attest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Statement is an in-toto statement: a predicate said of subjects (in-toto
// attestation framework, spec/v1/statement.md).
type Statement struct {
	// Type is StatementV1 or, when read, StatementV01.
	Type string

	Subjects []Subject

	// PredicateType is a URI that says what the predicate means.
	PredicateType string

	// Predicate is the JSON text of an object, or empty.
	Predicate json.RawMessage
}

// Subject is what a statement is about (ResourceDescriptor,
// spec/v1/resource_descriptor.md).
type Subject struct {
	Name string

	// Digest maps an algorithm's name to the digest; sha256, sha384 and sha512
	// are in lower-case hexadecimal.
	Digest map[string]string

	URI              string
	Content          []byte
	DownloadLocation string
	MediaType        string

	// Annotations hold the JSON text of each value. The content digest is
	// here, never under Digest: it explains and proves nothing.
	Annotations map[string]json.RawMessage
}

// SubjectOf returns the subject that stands for a package: its base name, its
// exact digest and, as an annotation, its content digest. A directory has no
// exact digest and so cannot be a subject.
func SubjectOf(s fnpkg.Subject) (Subject, error) {
	if s.Digest.IsZero() {
		return Subject{}, fmt.Errorf("naming %q as a subject: %w", s.Name, fnpkg.ErrNoDigest)
	}
	out := Subject{Name: s.Name, Digest: map[string]string{"sha256": s.Digest.Hex()}}
	if !s.Content.IsZero() {
		out.Annotations = map[string]json.RawMessage{
			fnpkg.ContentScheme: json.RawMessage(`"` + s.Content.Hex() + `"`),
		}
	}
	return out, nil
}

// SHA256 returns the subject's sha256, the only digest that is compared with a
// file, and whether it has one.
func (s Subject) SHA256() (fnpkg.Digest, bool) {
	h, ok := s.Digest["sha256"]
	if !ok {
		return fnpkg.Digest{}, false
	}
	d, err := fnpkg.ParseDigest("sha256:" + h)
	return d, err == nil
}

// ContentDigest returns the content digest among the annotations, zero when
// there is none.
func (s Subject) ContentDigest() fnpkg.ContentDigest {
	var d fnpkg.ContentDigest
	h, err := text(s.Annotations[fnpkg.ContentScheme])
	if err != nil || len(h) != 2*len(d) {
		return fnpkg.ContentDigest{}
	}
	if _, err := hex.Decode(d[:], []byte(h)); err != nil {
		return fnpkg.ContentDigest{}
	}
	return d
}

// NewStatement returns a statement of type v1. The predicate is encoded as
// JSON, struct fields in their order and map keys sorted, so that the same
// values always give the same bytes.
func NewStatement(subjects []Subject, predicateType string, predicate any) (Statement, error) {
	p, err := encode(predicate)
	if err != nil {
		return Statement{}, fmt.Errorf("encoding predicate %s: %w", predicateType, err)
	}
	return Statement{Type: StatementV1, Subjects: subjects, PredicateType: predicateType, Predicate: p}, nil
}

// Marshal returns the statement as one line of JSON, the same bytes for the
// same statement. A statement that ParseStatement would refuse is an error.
func (s Statement) Marshal() ([]byte, error) {
	wire := statementJSON{Type: s.Type, PredicateType: s.PredicateType, Predicate: s.Predicate}
	for _, sub := range s.Subjects {
		wire.Subject = append(wire.Subject, subjectJSON(sub))
	}
	data, err := encode(wire)
	if err != nil {
		return nil, fmt.Errorf("encoding statement: %w", err)
	}
	if _, err := ParseStatement(data); err != nil {
		return nil, fmt.Errorf("encoding statement: %w", err)
	}
	return data, nil
}

// The wire forms; members are written in this order.
type statementJSON struct {
	Type          string          `json:"_type"`
	Subject       []subjectJSON   `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate,omitempty"`
}

type subjectJSON struct {
	Name             string                     `json:"name,omitempty"`
	Digest           map[string]string          `json:"digest,omitempty"`
	URI              string                     `json:"uri,omitempty"`
	Content          []byte                     `json:"content,omitempty"`
	DownloadLocation string                     `json:"downloadLocation,omitempty"`
	MediaType        string                     `json:"mediaType,omitempty"`
	Annotations      map[string]json.RawMessage `json:"annotations,omitempty"`
}

// encode returns compact JSON without HTML escapes or a line end.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// ParseStatement reads a statement strictly; see the package comment. It says
// nothing about who made it.
func ParseStatement(data []byte) (*Statement, error) {
	s, err := parseStatement(data)
	if err != nil {
		return nil, fmt.Errorf("reading in-toto statement: %w", err)
	}
	return s, nil
}

func parseStatement(data []byte) (*Statement, error) {
	if len(data) > maxStatementBytes {
		return nil, &fnpkg.LimitError{What: "bytes of a statement", Limit: maxStatementBytes, Got: int64(len(data))}
	}
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	top, err := members(bytes.TrimLeft(data, " \t\r\n"))
	if err != nil {
		return nil, fmt.Errorf("the statement %w", err)
	}
	s := &Statement{}
	for _, m := range top {
		switch m.name {
		case "_type":
			s.Type, err = text(m.value)
		case "subject":
			s.Subjects, err = parseSubjects(m.value)
		case "predicateType":
			s.PredicateType, err = text(m.value)
		case "predicate":
			s.Predicate, err = object(m.value)
		default:
			err = errUnknown
		}
		if err != nil {
			return nil, fmt.Errorf("member %q %w", clip(m.name), err)
		}
	}
	switch {
	case s.Type != StatementV1 && s.Type != StatementV01:
		return nil, fmt.Errorf("_type %q is not %s", clip(s.Type), StatementV1)
	case s.PredicateType == "":
		return nil, errors.New("it has no predicateType")
	case len(s.Subjects) == 0:
		return nil, errors.New("it has no subject")
	}
	return s, nil
}

func parseSubjects(value json.RawMessage) ([]Subject, error) {
	list, err := elements(value)
	if err != nil {
		return nil, err
	}
	if len(list) > maxSubjects {
		return nil, fmt.Errorf("is too long: %w", &fnpkg.LimitError{What: "subjects", Limit: maxSubjects, Got: int64(len(list))})
	}
	out := make([]Subject, 0, len(list))
	for i, e := range list {
		s, err := parseSubject(e)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func parseSubject(value json.RawMessage) (Subject, error) {
	var s Subject
	list, err := members(value)
	if err != nil {
		return s, err
	}
	for _, m := range list {
		switch m.name {
		case "name":
			s.Name, err = text(m.value)
		case "uri":
			s.URI, err = text(m.value)
		case "downloadLocation":
			s.DownloadLocation, err = text(m.value)
		case "mediaType":
			s.MediaType, err = text(m.value)
		case "digest":
			s.Digest, err = parseDigests(m.value)
		case "content":
			if len(m.value) == 0 || m.value[0] != '"' {
				err = errors.New("is not a string")
			} else {
				err = json.Unmarshal(m.value, &s.Content)
			}
		case "annotations":
			s.Annotations, err = parseAnnotations(m.value)
		default:
			err = errUnknown
		}
		if err != nil {
			return s, fmt.Errorf("member %q %w", clip(m.name), err)
		}
	}
	if len(s.Digest) == 0 {
		return s, errors.New("it has no digest")
	}
	return s, nil
}

func parseDigests(value json.RawMessage) (map[string]string, error) {
	list, err := members(value)
	if err != nil {
		return nil, err
	}
	if len(list) > maxDigests {
		return nil, fmt.Errorf("is too long: %w", &fnpkg.LimitError{What: "digests", Limit: maxDigests, Got: int64(len(list))})
	}
	out := make(map[string]string, len(list))
	for _, m := range list {
		d, err := text(m.value)
		if err != nil {
			return nil, fmt.Errorf("of %q %w", clip(m.name), err)
		}
		if err := checkDigest(m.name, d); err != nil {
			return nil, err
		}
		out[m.name] = d
	}
	return out, nil
}

// checkDigest holds the algorithms that can be compared with bytes to their
// one spelling (spec/v1/digest_set.md); the rest are opaque.
func checkDigest(algorithm, digest string) error {
	want, ok := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	if !ok {
		if algorithm == "" || digest == "" {
			return errors.New("has an empty entry")
		}
		if l := strings.ToLower(algorithm); l != algorithm && strings.HasPrefix(l, "sha") {
			return fmt.Errorf("has the algorithm %q, which is not in lower case", clip(algorithm))
		}
		return nil
	}
	if _, err := hex.DecodeString(digest); err != nil || len(digest) != want || digest != strings.ToLower(digest) {
		return fmt.Errorf("of %s is not %d lower-case hexadecimal digits", algorithm, want)
	}
	return nil
}

func parseAnnotations(value json.RawMessage) (map[string]json.RawMessage, error) {
	list, err := members(value)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(list))
	for _, m := range list {
		out[m.name] = m.value
	}
	return out, nil
}

// object accepts the text of an object as it is.
func object(value json.RawMessage) (json.RawMessage, error) {
	if len(value) == 0 || value[0] != '{' {
		return nil, errors.New("is not an object")
	}
	return value, nil
}

var errUnknown = errors.New("is not known")
