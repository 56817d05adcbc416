package vulndb

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// KEV is an entry of CISA's catalogue of known exploited vulnerabilities.
type KEV struct {
	Added      time.Time // day it was listed, UTC
	Due        time.Time // day by which US agencies must act, UTC; zero if the catalogue does not say
	Ransomware bool      // known to be used in ransomware campaigns
}

// EPSS is a score of the Exploit Prediction Scoring System: how likely the
// defect is to be exploited within 30 days.
type EPSS struct {
	Probability float64 // from 0 to 1
	Percentile  float64 // share of all scored defects that are no likelier, from 0 to 1
}

// ScoreSource says where the index has a catalogue or scores from.
type ScoreSource struct {
	Location string    `json:"location"` // file or URL, without credentials
	Released time.Time `json:"released"` // when it was published, as it says itself; zero if it does not
	Count    int       `json:"count"`    // defects in it
	SHA256   string    `json:"sha256"`   // of the file as it was read, hexadecimal
}

// scoreRow is what the catalogue and the scores say of one CVE.
type scoreRow struct {
	kev  *KEV
	epss *EPSS
}

// The scores are kept in blocks of CVE numbers: "CVE-2021-44" holds those of
// CVE-2021-44000 to CVE-2021-44999, in their order.
const scoreBlock = 1000

// epssUnit is the precision in which EPSS is published.
const epssUnit = 1e5

// splitCVE returns the block of a CVE id and its place in it.
func splitCVE(id string) (block string, place uint64, ok bool) {
	rest, found := strings.CutPrefix(id, "CVE-")
	year, number, cut := strings.Cut(rest, "-")
	if !found || !cut || len(year) != 4 || number == "" || len(number) > 12 {
		return "", 0, false
	}
	for _, part := range [...]string{year, number} {
		if strings.Trim(part, "0123456789") != "" {
			return "", 0, false
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return "", 0, false
	}
	return fmt.Sprintf("CVE-%s-%d", year, n/scoreBlock), n % scoreBlock, true
}

// append encodes a row behind its place in the block.
func (r scoreRow) append(to []byte, place uint64) []byte {
	to = binary.AppendUvarint(to, place)
	var flags byte
	if r.kev != nil {
		flags |= 1
		if r.kev.Ransomware {
			flags |= 2
		}
	}
	if r.epss != nil {
		flags |= 4
	}
	to = append(to, flags)
	if r.kev != nil {
		to = binary.AppendUvarint(to, dayNumber(r.kev.Added))
		to = binary.AppendUvarint(to, dayNumber(r.kev.Due))
	}
	if r.epss != nil {
		to = binary.AppendUvarint(to, uint64(math.Round(r.epss.Probability*epssUnit)))
		to = binary.AppendUvarint(to, uint64(math.Round(r.epss.Percentile*epssUnit)))
	}
	return to
}

// scoreRow reads what append wrote.
func (d *decoder) scoreRow() (place int, r scoreRow) {
	place = d.length(scoreBlock - 1)
	flags := d.byte()
	if flags&1 != 0 {
		r.kev = &KEV{Ransomware: flags&2 != 0, Added: dayOf(d.length(maxDay)), Due: dayOf(d.length(maxDay))}
	}
	if flags&4 != 0 {
		r.epss = &EPSS{float64(d.length(epssUnit)) / epssUnit, float64(d.length(epssUnit)) / epssUnit}
	}
	return place, r
}

// Days are counted from 1970; 0 is no day.
const maxDay = 1 << 20

func dayNumber(t time.Time) uint64 {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	return uint64(t.Unix()/86400) % maxDay
}

func dayOf(n int) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n)*86400, 0).UTC()
}

// scores returns what the catalogue and the scores say of an id; nil for
// nothing.
func (db *DB) scores(tx *bbolt.Tx, id string) (*KEV, *EPSS, error) {
	block, place, ok := splitCVE(id)
	if !ok || db.online != nil || db.stamp.KEV == nil && db.stamp.EPSS == nil {
		return nil, nil, nil
	}
	value, err := db.get(tx, bucketScores, block)
	if err != nil {
		return nil, nil, err
	}
	d := decoder{data: value}
	for len(d.data) > 0 {
		n, row := d.scoreRow()
		if d.failed {
			return nil, nil, &IndexError{Path: db.path, Reason: fmt.Sprintf("the scores of %q cannot be decoded", block)}
		}
		if n == int(place) {
			return row.kev, row.epss, nil
		}
	}
	return nil, nil, nil
}
