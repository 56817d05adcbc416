package vulndb

import (
	"bytes"
	"compress/gzip"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/internal/testkit/osvserver"
)

const (
	kevJSON = `{"title":"CISA Catalog of Known Exploited Vulnerabilities","catalogVersion":"2026.08.30","dateReleased":"2026-08-30T15:00:00.0000Z","count":2,"vulnerabilities":[
		{"cveID":"CVE-2026-1","vendorProject":"p","product":"p","vulnerabilityName":"p","dateAdded":"2026-02-03","shortDescription":"p","requiredAction":"Apply updates.","dueDate":"2026-02-24","knownRansomwareCampaignUse":"Known","notes":"","cwes":["CWE-20"]},
		{"cveID":"CVE-2021-44228","dateAdded":"2021-12-10","dueDate":"2021-12-24","knownRansomwareCampaignUse":"Unknown"},
		{"cveID":"nonsense","dateAdded":"2021-12-10"}]}`
	epssCSV = "#model_version:v2026.03.01,score_date:2026-08-31T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.94321,0.99950\nCVE-2021-44228,0.97565,1.00000\nCVE-1999-0001,0,0.01\n"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestScoresJoinThroughAliases: KEV and EPSS know CVE ids only; a record
// without one has their word through the record that ties them together.
func TestScoresJoinThroughAliases(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "kev.json"), []byte(kevJSON))
	writeFile(t, filepath.Join(dir, "epss.csv.gz"), gzipped(t, epssCSV))
	writeFile(t, filepath.Join(dir, "epss.csv"), []byte(epssCSV))
	server := osvserver.New(t, dir)
	feed := feedOf(t, aliasGHSA, aliasThird) // GHSA-… has no CVE of its own; the third record has
	for name, o := range map[string]UpdateOptions{
		"files":  {KEV: filepath.Join(dir, "kev.json"), EPSS: filepath.Join(dir, "epss.csv")},
		"packed": {KEV: filepath.Join(dir, "kev.json"), EPSS: filepath.Join(dir, "epss.csv.gz")},
		"served": {KEV: server.URL + "/kev.json", EPSS: server.URL + "/epss.csv.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			o.Sources, o.Path = []string{feed}, filepath.Join(t.TempDir(), "osv.db")
			stamp, err := Update(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if stamp.KEV.Count != 2 || stamp.EPSS.Count != 3 || stamp.KEV.Location != o.KEV ||
				!stamp.KEV.Released.Equal(time.Date(2026, 8, 30, 15, 0, 0, 0, time.UTC)) || !stamp.EPSS.Released.Equal(time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("%+v %+v", stamp.KEV, stamp.EPSS)
			}
			r := match(t, open(t, o.Path), component("pkg:pypi/p@1.0"))
			if len(r.Findings) != 1 {
				t.Fatalf("%+v", r.Findings)
			}
			wantKEV := &KEV{Added: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), Due: time.Date(2026, 2, 24, 0, 0, 0, 0, time.UTC), Ransomware: true}
			if diff := cmp.Diff(wantKEV, r.Findings[0].KEV); diff != "" {
				t.Errorf("KEV (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(&EPSS{0.94321, 0.9995}, r.Findings[0].EPSS); diff != "" {
				t.Errorf("EPSS (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScoreErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, []byte(content))
		return path
	}
	tests := map[string]struct {
		o    UpdateOptions
		want string
	}{
		"no such file":   {UpdateOptions{KEV: filepath.Join(dir, "none")}, "no such file"},
		"a folder":       {UpdateOptions{KEV: dir}, "no file"},
		"HTML for KEV":   {UpdateOptions{KEV: file("a", "<html></html>")}, "HTML"},
		"HTML for EPSS":  {UpdateOptions{EPSS: file("b", "<html></html>")}, "HTML"},
		"other JSON":     {UpdateOptions{KEV: file("c", `{"vulnerabilities":[]}`)}, "names no CVE"},
		"no JSON":        {UpdateOptions{KEV: file("d", `{"vuln`)}, "not CISA's catalogue"},
		"no numbers":     {UpdateOptions{EPSS: file("e", "CVE-2026-1,high,1\n")}, "line 1"},
		"over one":       {UpdateOptions{EPSS: file("f", "CVE-2026-1,1.5,1\n")}, "line 1"},
		"not a number":   {UpdateOptions{EPSS: file("g", "CVE-2026-1,NaN,1\n")}, "line 1"},
		"too few fields": {UpdateOptions{EPSS: file("h", "CVE-2026-1\n")}, "line 1"},
		"cut gzip":       {UpdateOptions{EPSS: file("i", string(gzipped(t, epssCSV)[:30]))}, "EOF"},
		"scheme":         {UpdateOptions{EPSS: "ftp://example.com/epss"}, `"ftp"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.o.Sources, test.o.Path = []string{sampleFeed}, filepath.Join(t.TempDir(), "osv.db")
			if _, err := Update(context.Background(), test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// FuzzScoreRow: a row comes back as it was stored.
func FuzzScoreRow(f *testing.F) {
	f.Add(uint64(228), int64(1639094400), int64(1640304000), true, uint32(97565), uint32(100000))
	f.Fuzz(func(t *testing.T, place uint64, added, due int64, ransomware bool, probability, percentile uint32) {
		day := func(n int64) time.Time {
			n = (n%maxDay + maxDay) % maxDay
			if n == 0 {
				return time.Time{}
			}
			return time.Unix(n*86400, 0).UTC()
		}
		want := scoreRow{
			kev:  &KEV{day(added), day(due), ransomware},
			epss: &EPSS{float64(probability%(epssUnit+1)) / epssUnit, float64(percentile%(epssUnit+1)) / epssUnit},
		}
		d := decoder{data: want.append(nil, place%scoreBlock)}
		got, row := d.scoreRow()
		if d.failed || len(d.data) != 0 || got != int(place%scoreBlock) {
			t.Fatalf("place %d, failed %v", got, d.failed)
		}
		if diff := cmp.Diff(want, row, cmp.AllowUnexported(scoreRow{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
