// Package osvgen makes vulnerability feeds of any size whose records have the
// shape of published ones, so that tests and measurements need no download.
//
// The public npm feed is the model: 19 of 20 records report malicious
// packages, with the text and the provenance data of the OpenSSF database; the
// others have the form of reviewed GitHub advisories.
package osvgen

import (
	"archive/zip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Feed describes a feed of the npm ecosystem. The same values make the same
// records.
type Feed struct {
	Records int
	Seed    uint64
}

// Record is one generated record.
type Record struct {
	ID       string
	Modified time.Time
	Package  string
	JSON     []byte
}

// The share of reviewed advisories, and how many packages they are spread
// over.
const (
	advisoryEvery    = 20
	advisoryPackages = 4000
)

// Each calls yield with each record in turn; an error from yield ends it.
func (f Feed) Each(yield func(Record) error) error {
	r := rand.New(rand.NewPCG(f.Seed, 1))
	newest := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for i := range f.Records {
		modified := newest.Add(-time.Duration(i) * 7 * time.Minute)
		var record Record
		if i%advisoryEvery == 0 {
			record = advisory(r, i/advisoryEvery, modified)
		} else {
			record = malicious(r, i, modified)
		}
		if err := yield(record); err != nil {
			return err
		}
	}
	return nil
}

// WriteZip writes the feed as an all.zip and, unless csv is nil, its
// modified_id.csv.
func (f Feed) WriteZip(w, csv io.Writer) error {
	z := zip.NewWriter(w)
	err := f.Each(func(r Record) error {
		member, err := z.CreateHeader(&zip.FileHeader{Name: r.ID + ".json", Method: zip.Deflate, Modified: r.Modified})
		if err != nil {
			return err
		}
		if _, err := member.Write(r.JSON); err != nil {
			return err
		}
		if csv == nil {
			return nil
		}
		_, err = fmt.Fprintf(csv, "%s,%s\n", r.Modified.Format(time.RFC3339), r.ID)
		return err
	})
	if err != nil {
		return err
	}
	return z.Close()
}

// WriteBucket writes the feed in the layout of the OSV bucket into a folder.
func (f Feed) WriteBucket(dir string) (err error) {
	npm := filepath.Join(dir, "npm")
	if err := os.MkdirAll(npm, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ecosystems.txt"), []byte("npm\n"), 0o644); err != nil {
		return err
	}
	archive, err := os.Create(filepath.Join(npm, "all.zip"))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := archive.Close(); err == nil {
			err = cerr
		}
	}()
	csv, err := os.Create(filepath.Join(npm, "modified_id.csv"))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := csv.Close(); err == nil {
			err = cerr
		}
	}()
	return f.WriteZip(archive, csv)
}

// Package is the name and a version of a package of the feed.
type Package struct{ Name, Version string }

// Packages returns n packages as a function's SBOM would hold them: most have
// advisories of which some affect the version, and some have none.
func (f Feed) Packages(n int) []Package {
	r := rand.New(rand.NewPCG(f.Seed, 2))
	packages := make([]Package, 0, n)
	for i := range n {
		name := advisoryPackage(i % advisoryPackages)
		if i%4 == 3 {
			name = fmt.Sprintf("harmless-%d", i)
		}
		packages = append(packages, Package{name, version(r)})
	}
	return packages
}

func advisoryPackage(n int) string {
	words := []string{"parse", "stream", "http", "loader", "cli", "core", "utils", "merge", "path", "token"}
	name := fmt.Sprintf("%s-%s-%d", words[n%len(words)], words[n/len(words)%len(words)], n)
	if n%5 == 0 {
		return "@" + words[n/3%len(words)] + "/" + name
	}
	return name
}

func version(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d.%d", r.IntN(6), r.IntN(20), r.IntN(15))
}

func hexText(r *rand.Rand, bytes int) string {
	b := make([]byte, bytes)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(b)
}

func ghsa(r *rand.Rand) string {
	const letters = "23456789cfghjmpqrvwx"
	b := []byte("GHSA")
	for range 3 {
		b = append(b, '-')
		for range 4 {
			b = append(b, letters[r.IntN(len(letters))])
		}
	}
	return string(b)
}

type object = map[string]any

func record(id, name string, modified time.Time, content object) Record {
	content["id"] = id
	content["modified"] = modified.Format(time.RFC3339)
	content["schema_version"] = "1.7.3"
	data, err := json.Marshal(content)
	if err != nil {
		panic(err) // maps of strings and lists can always be encoded
	}
	return Record{ID: id, Modified: modified, Package: name, JSON: data}
}

// malicious has the form of a report of the OpenSSF database of malicious
// packages.
func malicious(r *rand.Rand, n int, modified time.Time) Record {
	name := strings.ToLower(hexText(r, 2+r.IntN(6)))
	if n%3 == 0 {
		name = "@" + hexText(r, 3) + "/" + name
	}
	affected := object{
		"package": object{"ecosystem": "npm", "name": name, "purl": "pkg:npm/" + strings.ReplaceAll(name, "@", "%40")},
		"database_specific": object{"cwes": []object{{
			"cweId": "CWE-506", "name": "Embedded Malicious Code",
			"description": "The product contains code that appears to be malicious in nature.",
		}}},
	}
	if n%3 == 0 {
		affected["ranges"] = []object{{"type": "SEMVER", "events": []object{{"introduced": "0"}}}}
	} else {
		var versions []string
		for range 1 + r.IntN(4) {
			versions = append(versions, version(r))
		}
		affected["versions"] = versions
	}
	digest := hexText(r, 32)
	var aliases []string
	if n%4 == 0 {
		aliases = []string{ghsa(r)}
	}
	return record(fmt.Sprintf("MAL-2026-%d", n), name, modified, object{
		"published": modified.Add(-time.Hour).Format(time.RFC3339),
		"aliases":   aliases,
		"summary":   "Malicious code in " + name + " (npm)",
		"details": "\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: package-analysis (" + digest + ")\n" +
			"The package was found to run commands associated with malicious behaviour when it is installed, and to communicate with a domain " +
			"associated with malicious activity: " + hexText(r, 8) + ".example.\n\nAny computer that has this package installed or running should be " +
			"considered fully compromised. All secrets and keys stored on that computer should be rotated immediately from a different computer.\n",
		"affected":   []object{affected},
		"references": []object{{"type": "PACKAGE", "url": "https://www.npmjs.com/package/" + name}},
		"credits":    []object{{"name": "Package Analysis", "type": "FINDER", "contact": []string{"https://packages.example/" + hexText(r, 6)}}},
		"database_specific": object{"malicious-packages-origins": []object{{
			"import_time": modified.Format(time.RFC3339), "modified_time": modified.Format(time.RFC3339Nano),
			"sha256": digest, "source": "package-analysis", "versions": affected["versions"],
		}, {
			"import_time": modified.Format(time.RFC3339), "modified_time": modified.Format(time.RFC3339Nano),
			"sha256": hexText(r, 32), "source": "ghsa-malware", "id": "MAL-" + hexText(r, 16),
		}}},
	})
}

// advisory has the form of a reviewed GitHub advisory.
func advisory(r *rand.Rand, n int, modified time.Time) Record {
	name := advisoryPackage(n % advisoryPackages)
	major := r.IntN(5)
	fixed := fmt.Sprintf("%d.%d.%d", major+1, r.IntN(20), r.IntN(15))
	var ranges []object
	switch n % 4 {
	case 0, 1:
		ranges = append(ranges, object{"type": "SEMVER", "events": []object{{"introduced": "0"}, {"fixed": fixed}}})
	case 2:
		ranges = append(ranges,
			object{"type": "SEMVER", "events": []object{{"introduced": "0"}, {"fixed": fmt.Sprintf("%d.%d.0", major, r.IntN(9))}}},
			object{"type": "SEMVER", "events": []object{{"introduced": fmt.Sprintf("%d.0.0", major+1)}, {"fixed": fixed}}})
	case 3:
		ranges = append(ranges, object{"type": "SEMVER", "events": []object{{"introduced": fmt.Sprintf("%d.0.0", major)}, {"last_affected": fixed}}})
	}
	vectors := []string{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
		"CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:H",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N",
	}
	labels := []string{"LOW", "MODERATE", "HIGH", "CRITICAL"}
	kind := "CVSS_V3"
	vector := vectors[r.IntN(len(vectors))]
	if strings.HasPrefix(vector, "CVSS:4") {
		kind = "CVSS_V4"
	}
	id := ghsa(r)
	references := make([]object, 0, 5)
	for i := range 2 + r.IntN(4) {
		references = append(references, object{"type": "WEB", "url": fmt.Sprintf("https://github.com/%s/issues/%d", strings.Trim(name, "@"), i*r.IntN(999))})
	}
	return record(id, name, modified, object{
		"published": modified.Add(-30 * 24 * time.Hour).Format(time.RFC3339),
		"aliases":   []string{fmt.Sprintf("CVE-%d-%d", 2017+n%10, 10000+n)},
		"summary":   name + " improperly validates what it is given",
		"details": "### Impact\n" + strings.Repeat("Input that is crafted by an attacker ("+hexText(r, 6)+") is not validated before use. ", 2+r.IntN(12)) +
			"\n\n### Patches\nUpgrade to " + fixed + ".\n",
		"severity": []object{{"type": kind, "score": vector}},
		"affected": []object{{
			"package":           object{"ecosystem": "npm", "name": name, "purl": "pkg:npm/" + strings.ReplaceAll(name, "@", "%40")},
			"ranges":            ranges,
			"database_specific": object{"source": "https://github.com/github/advisory-database/blob/main/advisories/github-reviewed/" + id},
		}},
		"references": slices.Clip(references),
		"database_specific": object{
			"cwe_ids": []string{"CWE-20"}, "github_reviewed": true, "severity": labels[r.IntN(len(labels))],
			"github_reviewed_at": modified.Format(time.RFC3339), "nvd_published_at": modified.Format(time.RFC3339),
		},
	})
}

// EscapeName is an npm package's name as a package URL has it.
func EscapeName(name string) string { return strings.Replace(name, "@", "%40", 1) }
