package vulndb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scoreSet is a catalogue of exploited vulnerabilities and scores, by block and
// place, as they go into the index.
type scoreSet struct {
	rows      map[string]map[int]scoreRow
	kev, epss *ScoreSource
}

const (
	maxScoreFile = 256 << 20 // bytes of either file, and of the scores unpacked
	maxScores    = 5_000_000
)

func (s *scoreSet) row(id string, set func(*scoreRow)) bool {
	block, place, ok := splitCVE(id)
	if !ok {
		return false
	}
	rows := s.rows[block]
	if rows == nil {
		if s.rows == nil {
			s.rows = make(map[string]map[int]scoreRow)
		}
		rows = make(map[int]scoreRow)
		s.rows[block] = rows
	}
	row := rows[int(place)]
	set(&row)
	rows[int(place)] = row
	return true
}

// blocks calls put with each block's key and value, in their order.
func (s *scoreSet) blocks(put func(key, value []byte) error) error {
	keys := make([]string, 0, len(s.rows))
	for k := range s.rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		places := make([]int, 0, len(s.rows[k]))
		for p := range s.rows[k] {
			places = append(places, p)
		}
		slices.Sort(places)
		value := make([]byte, 0, 8*len(places)+16)
		for _, p := range places {
			value = s.rows[k][p].append(value, uint64(p))
		}
		if err := put([]byte(k), value); err != nil {
			return err
		}
	}
	return nil
}

// scores reads the catalogue and the scores that the options name.
func (u *updater) readScores(ctx context.Context) (*scoreSet, error) {
	s := &scoreSet{}
	for _, from := range [...]struct {
		location string
		read     func(io.Reader, *ScoreSource) error
		to       **ScoreSource
	}{
		{u.KEV, s.readKEV, &s.kev},
		{u.EPSS, s.readEPSS, &s.epss},
	} {
		if from.location == "" {
			continue
		}
		file, err := u.openScores(ctx, from.location)
		if err != nil {
			return nil, err
		}
		source := &ScoreSource{Location: file.location, SHA256: file.sha256}
		err = from.read(io.LimitReader(file.file, maxScoreFile), source)
		if err == nil && source.Count == 0 {
			err = errors.New("it names no CVE")
		}
		file.close()
		if err != nil {
			return nil, file.fail(err)
		}
		*from.to = source
	}
	return s, nil
}

// openScores opens a file or downloads one.
func (u *updater) openScores(ctx context.Context, location string) (*openSource, error) {
	remote, err := isURL(location)
	if err != nil {
		return nil, fmt.Errorf("updating the feed index: %w", err)
	}
	if remote {
		at, err := parseAddress(location)
		if err != nil {
			return nil, fmt.Errorf("updating the feed index: %w", err)
		}
		s, err := u.fetch.file(ctx, at, "", func(done, total int64) {
			u.tell(UpdateProgress{Phase: PhaseDownload, Location: at.String(), Done: done, Total: total})
		})
		if err != nil {
			return nil, &SourceError{Location: at.String(), Err: err}
		}
		_, err = s.file.Seek(0, io.SeekStart)
		return s, err
	}
	s := &openSource{location: location}
	if s.file, err = os.Open(location); err != nil {
		return nil, s.fail(pathCause(err))
	}
	if s.info, err = s.file.Stat(); err == nil && !s.info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err == nil {
		s.sha256, err = sumFile(ctx, s.file, s.info.Size())
	}
	if err != nil {
		s.close()
		return nil, s.fail(pathCause(err))
	}
	return s, nil
}

// readKEV reads CISA's catalogue
// (https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json).
func (s *scoreSet) readKEV(r io.Reader, source *ScoreSource) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if looksLikeHTML(data) {
		return errors.New("it is an HTML or XML page, not CISA's catalogue in JSON")
	}
	var catalogue struct {
		Released        string `json:"dateReleased"`
		Vulnerabilities []struct {
			ID         string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Due        string `json:"dueDate"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(data, &catalogue); err != nil {
		return fmt.Errorf("not CISA's catalogue in JSON: %w", err)
	}
	source.Released = parseTime(catalogue.Released)
	for _, v := range catalogue.Vulnerabilities {
		kev := &KEV{Added: parseDay(v.Added), Due: parseDay(v.Due), Ransomware: strings.EqualFold(v.Ransomware, "known")}
		if s.row(v.ID, func(r *scoreRow) { r.kev = kev }) {
			source.Count++
		}
	}
	return nil
}

func parseDay(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// readEPSS reads the scores as FIRST publishes them: CSV, packed with gzip or
// not, a comment with the date, then cve,epss,percentile
// (https://www.first.org/epss/data_stats).
func (s *scoreSet) readEPSS(r io.Reader, source *ScoreSource) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		defer unpacked.Close()
		in = bufio.NewReaderSize(io.LimitReader(unpacked, maxScoreFile), 64<<10)
	}
	if head, _ := in.Peek(64); looksLikeHTML(head) {
		return errors.New("it is an HTML or XML page, not EPSS scores in CSV")
	}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if date, ok := strings.CutPrefix(line, "#"); ok {
			if _, after, ok := strings.Cut(date, "score_date:"); ok {
				source.Released = parseScoreDate(after)
			}
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) < 3 {
			return fmt.Errorf("line %d is not cve,epss,percentile", n)
		}
		if fields[0] == "cve" {
			continue
		}
		probability, err1 := strconv.ParseFloat(fields[1], 64)
		percentile, err2 := strconv.ParseFloat(fields[2], 64)
		if err1 != nil || err2 != nil || !(probability >= 0 && probability <= 1) || !(percentile >= 0 && percentile <= 1) {
			return fmt.Errorf("line %d holds no numbers from 0 to 1", n)
		}
		if source.Count == maxScores {
			return fmt.Errorf("it has more than %d scores", maxScores)
		}
		epss := &EPSS{probability, percentile}
		if s.row(fields[0], func(r *scoreRow) { r.epss = epss }) {
			source.Count++
		}
	}
	return lines.Err()
}

// parseScoreDate reads a time that may lack the colon in its zone, or be a day.
func parseScoreDate(s string) time.Time {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ",")
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
