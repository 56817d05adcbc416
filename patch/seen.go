package patch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/vulndb"
)

// Seen remembers when findings were seen for the first time, so that deadlines
// can count from there. It is kept in a small file, one line for each finding,
// sorted, that can be cached or committed.
type Seen struct {
	sightings map[sightKey]*Sighting
}

// Sighting is what is remembered of a defect of a package in a target. Times
// are days.
type Sighting struct {
	First time.Time // first seen
	Fix   time.Time // first seen with a fixed version; zero if never
	Last  time.Time // last seen
}

type sightKey struct{ target, purlType, name, id string }

// forgetAfter is how many days a finding that is not seen any more is
// remembered: packages that are scanned once a year still keep their dates.
const forgetAfter = 400

// Limits of a state file.
const (
	maxStateBytes = 64 << 20
	seenSchema    = 1
)

// NewSeen returns a memory of nothing.
func NewSeen() *Seen { return &Seen{sightings: map[sightKey]*Sighting{}} }

type seenJSON struct {
	Schema   int            `json:"schema"`
	Findings []sightingJSON `json:"findings"`
}

type sightingJSON struct {
	Target string `json:"target"`
	Type   string `json:"type"`
	Name   string `json:"package"`
	ID     string `json:"id"`
	First  string `json:"first"`
	Fix    string `json:"fix,omitempty"`
	Last   string `json:"last"`
}

// ReadSeen reads what Write wrote.
func ReadSeen(r io.Reader) (*Seen, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxStateBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxStateBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxStateBytes)
	}
	var file seenJSON
	// Strictly: the file is written again, and must not be another one.
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("not a file of first sightings: %w", err)
	}
	if file.Schema != seenSchema {
		return nil, fmt.Errorf("not a file of first sightings of schema %d, but of %d", seenSchema, file.Schema)
	}
	s := NewSeen()
	var bad error
	date := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.DateOnly, text)
		if err != nil && bad == nil {
			bad = fmt.Errorf("%q is not a day", text)
		}
		return t
	}
	for _, f := range file.Findings {
		s.sightings[sightKey{f.Target, f.Type, f.Name, f.ID}] = &Sighting{First: date(f.First), Fix: date(f.Fix), Last: date(f.Last)}
	}
	return s, bad
}

// Write writes the memory as JSON: the same memory always gives the same bytes.
func (s *Seen) Write(w io.Writer) error {
	file := seenJSON{Schema: seenSchema, Findings: []sightingJSON{}}
	for key, at := range s.sightings {
		row := sightingJSON{Target: key.target, Type: key.purlType, Name: key.name, ID: key.id, First: at.First.Format(time.DateOnly), Last: at.Last.Format(time.DateOnly)}
		if !at.Fix.IsZero() {
			row.Fix = at.Fix.Format(time.DateOnly)
		}
		file.Findings = append(file.Findings, row)
	}
	slices.SortFunc(file.Findings, func(a, b sightingJSON) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	var out strings.Builder
	fmt.Fprintf(&out, "{\"schema\": %d, \"findings\": [", file.Schema)
	for i, row := range file.Findings {
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n")
		out.Write(line)
	}
	out.WriteString("\n]}\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// sight notes that a finding is there now, and returns what is known of it. A
// defect that was known by another of its ids keeps its dates.
func (s *Seen) sight(f vulndb.Finding, target string, now time.Time) Sighting {
	today := day(now)
	key := sightKey{target, f.Component.Type, f.Component.Name, f.ID}
	at := s.sightings[key]
	for _, id := range allIDs(f) {
		other := key
		if other.id = id; other == key {
			continue
		}
		known := s.sightings[other]
		if known == nil {
			continue
		}
		delete(s.sightings, other)
		if at == nil || known.First.Before(at.First) {
			at = known
		}
	}
	if at == nil {
		at = &Sighting{First: today}
	}
	// A report of the past knows nothing of what came later.
	if today.Before(at.First) {
		at.First = today
	}
	if len(f.Fixed) > 0 && (at.Fix.IsZero() || today.Before(at.Fix)) {
		at.Fix = today
	}
	if today.After(at.Last) {
		at.Last = today
	}
	s.sightings[key] = at
	return *at
}

// prune forgets what has not been seen for long.
func (s *Seen) prune(now time.Time) {
	for key, at := range s.sightings {
		if day(now).After(at.Last.AddDate(0, 0, forgetAfter)) {
			delete(s.sightings, key)
		}
	}
}

// Baseline is what an earlier report found.
type Baseline struct {
	known   map[sightKey]bool
	targets map[string]bool
}

// NewBaseline returns a baseline without findings.
func NewBaseline() *Baseline {
	return &Baseline{known: map[sightKey]bool{}, targets: map[string]bool{}}
}

// AddTarget notes that a package was part of the earlier report.
func (b *Baseline) AddTarget(name string) { b.targets[name] = true }

// Add notes a finding in a target by all its ids.
func (b *Baseline) Add(target, purlType, name string, ids ...string) {
	b.targets[target] = true
	for _, id := range ids {
		b.known[sightKey{target, purlType, name, id}] = true
	}
}

// has reports whether the earlier report has a finding. A report of one package
// is compared with a scan of one package whatever their names: builds put
// versions and commits into them.
func (b *Baseline) has(f vulndb.Finding, target string, targets int) bool {
	if targets == 1 && len(b.targets) == 1 {
		for name := range b.targets {
			target = name
		}
	}
	return slices.ContainsFunc(allIDs(f), func(id string) bool {
		return b.known[sightKey{target, f.Component.Type, f.Component.Name, id}]
	})
}
