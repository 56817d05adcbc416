package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// Recorded are the facts of one verification, kept in a file so that a policy
// can be tested against them. They are claims: whoever can write the file can
// have it say anything, so nothing but a test may judge by it.
type Recorded struct {
	At      time.Time
	Facts   verify.Facts
	Package PackageFacts
}

const recordedVersion = 1

// MaxRecorded is how many bytes a file of recorded facts may have.
const MaxRecorded = 256 << 20

type recordedJSON struct {
	Version int             `json:"version"`
	At      time.Time       `json:"at"`
	Bundles verify.Facts    `json:"facts"`
	Package recordedPackage `json:"package"`
}

type recordedPackage struct {
	Kind    fnpkg.Kind          `json:"kind,omitempty"`
	Hazards []fnpkg.Hazard      `json:"hazards,omitempty"`
	Content fnpkg.ContentDigest `json:"content"`
	Scan    *vulndb.Result      `json:"scan,omitempty"`
	Error   string              `json:"error,omitempty"`
}

// Marshal returns the facts as the text of a file.
func (r Recorded) Marshal() ([]byte, error) {
	p := recordedPackage{Kind: r.Package.Kind, Hazards: r.Package.Hazards, Content: r.Package.Content, Scan: r.Package.Scan}
	if r.Package.Err != nil {
		p.Error = r.Package.Err.Error()
	}
	data, err := json.MarshalIndent(recordedJSON{recordedVersion, r.At, r.Facts, p}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("recording facts: %w", err)
	}
	return append(data, '\n'), nil
}

// ParseRecorded reads what Marshal wrote.
func ParseRecorded(data []byte) (Recorded, error) {
	var r recordedJSON
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Recorded{}, fmt.Errorf("not recorded facts: %w", err)
	}
	if r.Version != recordedVersion {
		return Recorded{}, fmt.Errorf("recorded facts of version %d, not %d: record them again with verify --facts", r.Version, recordedVersion)
	}
	out := Recorded{At: r.At, Facts: r.Bundles, Package: PackageFacts{
		Kind: r.Package.Kind, Hazards: r.Package.Hazards, Content: r.Package.Content, Scan: r.Package.Scan,
	}}
	if r.Package.Error != "" {
		out.Package.Err = errors.New(r.Package.Error)
	}
	return out, nil
}
