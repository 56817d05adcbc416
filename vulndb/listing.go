package vulndb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// listed is a record that a source has, and when the source says it was
// modified last.
type listed struct {
	id       string
	modified int64 // microseconds since 1970
}

// parseList reads a modified_id.csv: a time and an id a line, in any order.
// The ids must be ones that can be part of a path.
func parseList(data []byte, most int64) ([]listed, error) {
	var out []listed
	for n := 1; len(data) > 0; n++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		when, id, ok := strings.Cut(string(line), ",")
		modified, err := time.Parse(time.RFC3339, when)
		if !ok || err != nil {
			return nil, fmt.Errorf("line %d of %s is no time and id", n, listName)
		}
		if err := checkID(id); err != nil || strings.ContainsAny(id, `/\`) {
			return nil, fmt.Errorf("line %d of %s names a record that cannot be: %q", n, listName, shorten(id))
		}
		if int64(len(out)) == most {
			return nil, fmt.Errorf("%s names more than %d records", listName, most)
		}
		out = append(out, listed{id, modified.UnixMicro()})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s names no record", listName)
	}
	sortListed(out)
	return slices.CompactFunc(out, func(a, b listed) bool { return a.id == b.id }), nil
}

// sortListed orders by id, and of one id the newest first.
func sortListed(l []listed) {
	slices.SortFunc(l, func(a, b listed) int {
		return cmp.Or(strings.Compare(a.id, b.id), cmp.Compare(b.modified, a.modified))
	})
}

// appendListed encodes a sorted list, each id as what it does not share with
// the one before.
func appendListed(to []byte, list []listed) []byte {
	to = binary.AppendUvarint(to, uint64(len(list)))
	last := ""
	for _, l := range list {
		shared := commonPrefix(last, l.id)
		to = binary.AppendUvarint(to, uint64(shared))
		to = appendString(to, l.id[shared:])
		to = binary.AppendVarint(to, l.modified)
		last = l.id
	}
	return to
}

// listed reads what appendListed wrote.
func (d *decoder) listed() []listed {
	n := d.length(len(d.data))
	ends := make([]int, 0, n)
	times := make([]int64, 0, n)
	text := make([]byte, 0, 20*n) // one string for all
	last := 0                     // where the id before begins
	for range n {
		shared := d.length(len(text) - last)
		start := len(text)
		text = append(text, text[last:last+shared]...)
		text = append(text, d.bytes()...)
		modified, size := binary.Varint(d.data)
		if size <= 0 || d.failed {
			d.fail()
			return nil
		}
		d.data = d.data[size:]
		ends, times, last = append(ends, len(text)), append(times, modified), start
	}
	all, out, start := string(text), make([]listed, n), 0
	for i := range out {
		out[i] = listed{all[start:ends[i]], times[i]}
		start = ends[i]
	}
	return out
}

// listKey is the key of a source's list.
func listKey(source int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(source)) }

// listOf returns what a source had when the index was made.
func (db *DB) listOf(tx *bbolt.Tx, source int) ([]listed, error) {
	value, err := db.get(tx, bucketListed, string(listKey(source)))
	if err != nil {
		return nil, err
	}
	d := decoder{data: value}
	list := d.listed()
	if d.failed || len(d.data) != 0 {
		return nil, &IndexError{Path: db.path, Reason: "the list of a source's records cannot be decoded"}
	}
	return list, nil
}

// compareLists tells what is newer in the second of two sorted lists, and what
// is in the first only.
func compareLists(before, after []listed) (newer []listed, gone []string) {
	i := 0
	for _, l := range after {
		for i < len(before) && before[i].id < l.id {
			gone = append(gone, before[i].id)
			i++
		}
		if i < len(before) && before[i].id == l.id {
			if l.modified > before[i].modified {
				newer = append(newer, l)
			}
			i++
			continue
		}
		newer = append(newer, l)
	}
	for ; i < len(before); i++ {
		gone = append(gone, before[i].id)
	}
	return newer, gone
}

// errShrunk says that a list lacks so much of what the source had that it is
// rather cut short than right.
var errShrunk = errors.New("the list lacks much of what the source had")

// plausible returns errShrunk if too much is gone: a list has no checksum of
// its own, and one that was cut reads like one from which records were
// deleted.
func plausible(before int, gone []string) error {
	if len(gone) > max(1000, before/20) {
		return errShrunk
	}
	return nil
}
