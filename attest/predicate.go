package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// ParsePredicate reads the JSON text of a predicate that somebody else made
// and that is now to be signed, as strictly as statements are read. Of the
// types known here the members that their specifications require must be
// there; what else they say is their author's business.
func ParsePredicate(predicateType string, data []byte) (json.RawMessage, error) {
	p, err := parsePredicate(predicateType, data)
	if err != nil {
		return nil, fmt.Errorf("reading predicate %s: %w", clip(predicateType), err)
	}
	return p, nil
}

func parsePredicate(predicateType string, data []byte) (json.RawMessage, error) {
	if len(data) > maxStatementBytes {
		return nil, &fnpkg.LimitError{What: "bytes of a predicate", Limit: maxStatementBytes, Got: int64(len(data))}
	}
	data = bytes.TrimSpace(data)
	if bytes.HasPrefix(data, []byte("<")) {
		return nil, errors.New("it is XML, and a predicate is JSON")
	}
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	top, err := members(data)
	if err != nil {
		return nil, fmt.Errorf("it %w", err)
	}
	for _, m := range top {
		switch m.name {
		case "_type", "predicateType":
			return nil, errors.New("it is a whole statement, where only the predicate of one is expected")
		case "dsseEnvelope", "payloadType":
			return nil, errors.New("it is signed already, where only the predicate of a statement is expected")
		}
	}
	for _, r := range rulesOf(predicateType) {
		if err := r.check(data); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// rule is something a specification requires of a member, named by the path to
// it.
type rule struct {
	path string
	is   func(json.RawMessage) error
}

func (r rule) check(value json.RawMessage) error {
	for _, name := range strings.Split(r.path, "/") {
		list, err := members(value)
		if err != nil {
			return fmt.Errorf("what holds %q %w", r.path, err)
		}
		i := slices.IndexFunc(list, func(m member) bool { return m.name == name })
		if i < 0 {
			return fmt.Errorf("it has no %q", r.path)
		}
		value = list[i].value
	}
	if err := r.is(value); err != nil {
		return fmt.Errorf("its %q %w", r.path, err)
	}
	return nil
}

// rulesOf returns what is required of predicates of a type; nothing of types
// that are not known.
func rulesOf(predicateType string) []rule {
	switch predicateType {
	case TypeCycloneDX: // https://cyclonedx.org/docs/1.6/json
		return []rule{{"bomFormat", equals("CycloneDX")}, {"specVersion", nonEmpty}}
	case TypeSPDX: // SPDX 2.3 §6; the type names the version
		return []rule{{"spdxVersion", equals("SPDX-2.3")}, {"SPDXID", nonEmpty}, {"creationInfo", isObject}}
	case TypeVulns: // spec/predicates/vulns_02.md
		return []rule{{"scanner/uri", nonEmpty}, {"scanner/db/lastUpdate", isTime}, {"scanner/result", isArray},
			{"metadata/scanStartedOn", isTime}, {"metadata/scanFinishedOn", isTime}}
	case TypeSLSAProvenance: // https://slsa.dev/spec/v1.0/provenance
		return []rule{{"buildDefinition/buildType", nonEmpty}, {"buildDefinition/externalParameters", isObject}, {"runDetails/builder/id", nonEmpty}}
	case TypeVSA: // https://slsa.dev/spec/v1.0/verification_summary
		return []rule{{"verifier/id", nonEmpty}, {"timeVerified", isTime}, {"resourceUri", nonEmpty}, {"policy", isObject}, {"verificationResult", nonEmpty}}
	case TypeOpenVEX: // OpenVEX 0.2.0
		return []rule{{"@context", nonEmpty}, {"@id", nonEmpty}, {"author", nonEmpty}, {"timestamp", isTime}, {"statements", isArray}}
	case TypeLink: // spec/predicates/link.md
		return []rule{{"name", nonEmpty}, {"materials", isArray}}
	}
	return nil
}

func equals(want string) func(json.RawMessage) error {
	return func(v json.RawMessage) error {
		got, err := text(v)
		if err == nil && got != want {
			err = fmt.Errorf("is %q, not %q", clip(got), want)
		}
		return err
	}
}

func nonEmpty(v json.RawMessage) error {
	s, err := text(v)
	if err == nil && s == "" {
		err = errors.New("is empty")
	}
	return err
}

func isTime(v json.RawMessage) error {
	s, err := text(v)
	if err != nil {
		return err
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("is %q, not a time as in RFC 3339", clip(s))
	}
	return nil
}

func isObject(v json.RawMessage) error {
	_, err := object(v)
	return err
}

func isArray(v json.RawMessage) error {
	_, err := elements(v)
	return err
}

// ErrOtherSubject says that a predicate describes something else than what it
// was to be signed for.
var ErrOtherSubject = errors.New("it describes another file")

// CheckDescribes compares the digest that a CycloneDX predicate gives of what
// it describes (metadata.component.hashes) with those of the subjects. A
// predicate that gives none, or of another type, describes what its signer
// says.
func CheckDescribes(predicateType string, predicate json.RawMessage, subjects []Subject) error {
	if predicateType != TypeCycloneDX {
		return nil
	}
	var doc struct {
		Metadata struct {
			Component struct {
				Name   string `json:"name"`
				Hashes []struct {
					Algorithm string `json:"alg"`
					Content   string `json:"content"`
				} `json:"hashes"`
			} `json:"component"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(predicate, &doc); err != nil {
		return fmt.Errorf("reading predicate %s: %w", predicateType, err)
	}
	component := doc.Metadata.Component
	for _, h := range component.Hashes {
		if h.Algorithm != "SHA-256" {
			continue
		}
		if !slices.ContainsFunc(subjects, func(s Subject) bool { return s.Digest["sha256"] == strings.ToLower(h.Content) }) {
			return fmt.Errorf("%w: %q, sha256:%s", ErrOtherSubject, clip(component.Name), clip(h.Content))
		}
	}
	return nil
}
