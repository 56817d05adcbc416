package vulndb

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

var (
	errUnordered = errors.New("a range names a version that cannot be ordered")
	errEntry     = errors.New("the entry of a package cannot be decoded")
)

// entry is what one record says of one package, in the form kept in the index.
// It holds all that decides whether a version is affected, so that records are
// read for hits only.
type entry struct {
	id     string
	ranges []versionRange
	custom []versionRange // Go: ranges in the module's own version numbers
	listed listedVersions
}

// newEntries returns the entries of a record by index key; a withdrawn record
// has none. problems tell what of the record could not be kept.
func newEntries(r *indexedRecord) (keys []string, entries []entry, problems []string) {
	if r.Withdrawn != "" {
		return nil, nil, nil
	}
	for _, a := range r.Affected {
		if a.Package.Name == "" || a.Package.Ecosystem == "" {
			continue // records about repositories name no package
		}
		key, err := packageKey(a.Package.Ecosystem, a.Package.Name)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		e := entry{id: r.ID}
		ecosystem := indexEcosystem(a.Package.Ecosystem)
		for _, from := range a.Ranges {
			switch from.Type {
			case "SEMVER", "ECOSYSTEM":
				if kept, ok := newRange(ecosystem, from); ok {
					e.ranges = append(e.ranges, kept)
				}
			case "GIT":
			default:
				problems = append(problems, "a range has the unknown type \""+shorten(from.Type)+"\"")
			}
		}
		for _, from := range a.EcosystemSpecific.CustomRanges {
			if kept, ok := newRange(ecosystem, from); ok && ecosystem == ecoGo {
				e.custom = append(e.custom, kept)
			}
		}
		e.listed = newListedVersions(ecosystem, a.Versions)
		if len(e.ranges) == 0 && e.listed.count == 0 {
			continue // nothing in it can affect a version of a package
		}
		keys, entries = append(keys, key), append(entries, e)
	}
	return keys, entries, problems
}

// packageKey is the key under which a package's entries are kept.
func packageKey(ecosystem, name string) (string, error) {
	ecosystem = indexEcosystem(ecosystem)
	if len(ecosystem) > maxNameBytes || len(name) > maxNameBytes {
		return "", errors.New("a package name has more than 1024 bytes")
	}
	if strings.Contains(ecosystem, "\x00") {
		return "", errors.New("an ecosystem's name holds a NUL")
	}
	return ecosystem + "\x00" + normalName(ecosystem, name), nil
}

// listedVersions are the versions a record names one by one, sorted, without
// repetition, each stored as what it does not share with the one before.
type listedVersions struct {
	count int
	data  []byte
}

func newListedVersions(ecosystem string, versions []string) listedVersions {
	forms := make([]string, 0, len(versions))
	for _, v := range versions {
		if v != "" {
			forms = append(forms, listedForm(ecosystem, v))
		}
	}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	l := listedVersions{count: len(forms)}
	last := ""
	for _, f := range forms {
		shared := commonPrefix(last, f)
		l.data = binary.AppendUvarint(l.data, uint64(shared))
		l.data = appendString(l.data, f[shared:])
		last = f
	}
	return l
}

// contains looks for a version in its listed form.
func (l listedVersions) contains(form string) (bool, error) {
	d := decoder{data: l.data}
	var current []byte
	for range l.count {
		shared := d.length(len(current))
		current = append(current[:shared], d.bytes()...)
		if d.failed {
			return false, errEntry
		}
		if string(current) == form {
			return true, nil
		}
	}
	return false, nil
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// append encodes the entry.
func (e entry) append(to []byte) []byte {
	to = appendString(to, e.id)
	to = appendRanges(to, e.ranges)
	to = appendRanges(to, e.custom)
	to = binary.AppendUvarint(to, uint64(e.listed.count))
	return appendString(to, string(e.listed.data))
}

func appendRanges(to []byte, ranges []versionRange) []byte {
	to = binary.AppendUvarint(to, uint64(len(ranges)))
	for _, r := range ranges {
		var flags byte
		if r.semver {
			flags |= 1
		}
		if r.unordered {
			flags |= 2
		}
		to = append(to, flags)
		to = binary.AppendUvarint(to, uint64(len(r.events)))
		for _, e := range r.events {
			to = append(to, byte(e.kind))
			to = appendString(to, e.version)
		}
	}
	return to
}

func appendString(to []byte, s string) []byte {
	to = binary.AppendUvarint(to, uint64(len(s)))
	return append(to, s...)
}

// alias is an id that is tied to another.
type alias struct {
	id       string
	recorded bool // the index has a record of it
}

func appendAlias(to []byte, a alias) []byte {
	var flag byte
	if a.recorded {
		flag = 1
	}
	return appendString(append(to, flag), a.id)
}

// decodeEntry reads an entry. What it returns shares no memory with data save
// the listed versions.
func decodeEntry(data []byte) (entry, error) {
	d := decoder{data: data}
	var e entry
	e.id = string(d.bytes())
	e.ranges = d.ranges()
	e.custom = d.ranges()
	e.listed.count = d.length(len(data)) // each takes two bytes at least
	e.listed.data = d.bytes()
	if d.failed || len(d.data) != 0 {
		return entry{}, errEntry
	}
	return e, nil
}

// decoder reads what the append functions write. It never reads past its
// input: after the first failure everything it returns is empty.
type decoder struct {
	data   []byte
	failed bool
}

func (d *decoder) fail() {
	d.failed, d.data = true, nil
}

// length reads a count that may not exceed most.
func (d *decoder) length(most int) int {
	v, n := binary.Uvarint(d.data)
	if n <= 0 || v > uint64(most) {
		d.fail()
		return 0
	}
	d.data = d.data[n:]
	return int(v)
}

func (d *decoder) byte() byte {
	if len(d.data) == 0 {
		d.fail()
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

func (d *decoder) bytes() []byte {
	n := d.length(len(d.data))
	if n > len(d.data) { // the length itself took bytes
		d.fail()
		return nil
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b
}

func (d *decoder) ranges() []versionRange {
	n := d.length(len(d.data))
	if n == 0 {
		return nil
	}
	ranges := make([]versionRange, 0, min(n, 16))
	for range n {
		flags := d.byte()
		r := versionRange{semver: flags&1 != 0, unordered: flags&2 != 0}
		events := d.length(len(d.data))
		r.events = make([]event, 0, min(events, 16))
		for range events {
			kind := eventKind(d.byte())
			version := string(d.bytes())
			if d.failed {
				return nil
			}
			if kind < introduced || kind > limit {
				d.fail()
				return nil
			}
			r.events = append(r.events, event{kind, version})
		}
		if d.failed {
			return nil
		}
		ranges = append(ranges, r)
	}
	return ranges
}
