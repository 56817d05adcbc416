package vulndb

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// indexedRecord is the part of an OSV record that decides what it affects.
// encoding/json reads it about four times as fast as the generated protobuf
// bindings, and it leaves what it does not know alone.
type indexedRecord struct {
	ID        string            `json:"id"`
	Modified  string            `json:"modified"`
	Withdrawn string            `json:"withdrawn"`
	Aliases   []string          `json:"aliases"`
	Affected  []affectedPackage `json:"affected"`
}

type affectedPackage struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges   []affectedRange `json:"ranges"`
	Versions []string        `json:"versions"`

	EcosystemSpecific struct {
		// CustomRanges hold, in records of the Go database, ranges in a
		// module's own version numbers where these are not the numbers the
		// module system knows.
		CustomRanges []affectedRange `json:"custom_ranges"`
	} `json:"ecosystem_specific"`
}

type affectedRange struct {
	Type   string       `json:"type"`
	Events []rangeEvent `json:"events"`
}

type rangeEvent struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// parseIndexed reads a record for the index. A field of the wrong type does
// not lose the record: what could be read is returned together with a
// *fieldError. Any other error means there is no record.
func parseIndexed(data []byte) (*indexedRecord, error) {
	var r indexedRecord
	err := json.Unmarshal(data, &r)
	var wrongType *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrongType) {
		return nil, fmt.Errorf("not a JSON record: %w", err)
	}
	if err := checkID(r.ID); err != nil {
		return nil, err
	}
	if wrongType != nil {
		if len(r.Affected) == 0 {
			return nil, &fieldError{wrongType}
		}
		return &r, &fieldError{wrongType}
	}
	return &r, nil
}

// fieldError reports a field of a record that has the wrong type.
type fieldError struct{ cause *json.UnmarshalTypeError }

func (e *fieldError) Error() string {
	return fmt.Sprintf("field %q holds a %s where the schema wants another type", e.cause.Field, e.cause.Value)
}

func (e *fieldError) Unwrap() error { return e.cause }

// checkID accepts what can be an id: short, printable ASCII without spaces.
func checkID(id string) error {
	if id == "" {
		return errors.New("the record has no id")
	}
	if len(id) > maxIDBytes {
		return fmt.Errorf("the record's id has %d bytes, more than %d", len(id), maxIDBytes)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return fmt.Errorf("the record's id %q holds a character that no id has", id)
		}
	}
	return nil
}

// advisory is the part of an OSV record that is told to people about a
// finding. It is read for hits only.
type advisory struct {
	ID        string   `json:"id"`
	Summary   string   `json:"summary"`
	Published string   `json:"published"`
	Modified  string   `json:"modified"`
	Withdrawn string   `json:"withdrawn"`
	Severity  []rating `json:"severity"`
	Affected  []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Severity          []rating   `json:"severity"`
		DatabaseSpecific  vendorData `json:"database_specific"`
		EcosystemSpecific vendorData `json:"ecosystem_specific"`
	} `json:"affected"`
	DatabaseSpecific vendorData `json:"database_specific"`
}

// rating is one element of a record's severity list (OSV schema, severity[]).
type rating struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// vendorData is a database_specific or ecosystem_specific object. The schema
// leaves its form to the vendor, so a severity in it may be of any type; one
// that is no string is no label.
type vendorData struct{ Severity string }

func (v *vendorData) UnmarshalJSON(data []byte) error {
	var object struct {
		Severity json.RawMessage `json:"severity"`
	}
	if json.Unmarshal(data, &object) != nil {
		return nil
	}
	var label string
	if json.Unmarshal(object.Severity, &label) == nil {
		v.Severity = label
	}
	return nil
}

// parseAdvisory reads the text of a record that is already in the index; a
// field of the wrong type is left empty.
func parseAdvisory(data []byte) (*advisory, error) {
	var a advisory
	err := json.Unmarshal(data, &a)
	var wrongType *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrongType) {
		return nil, fmt.Errorf("reading record: %w", err)
	}
	return &a, nil
}

// parseTime reads an RFC 3339 time (OSV schema, modified field). A time that
// cannot be read is zero: it orders a record, it does not decide about it.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
