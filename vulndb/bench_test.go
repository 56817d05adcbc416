package vulndb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/testkit/osvgen"
)

// benchFeed is a tenth of the public npm feed in size.
func benchFeed() osvgen.Feed { return osvgen.Feed{Records: 22_000, Seed: 1} }

func benchComponents(f osvgen.Feed) []fnpkg.Component {
	var out []fnpkg.Component
	for _, p := range f.Packages(200) {
		out = append(out, fnpkg.Component{PURL: fmt.Sprintf("pkg:npm/%s@%s", p.Name, p.Version), Type: "npm", Name: p.Name, Version: p.Version})
	}
	return out
}

// BenchmarkOpenAndMatch opens an index afresh and matches 200 components, as
// every run of the command does.
func BenchmarkOpenAndMatch(b *testing.B) {
	feed := benchFeed()
	dir := b.TempDir()
	if err := feed.WriteBucket(dir); err != nil {
		b.Fatal(err)
	}
	path := update(b, dir)
	components := benchComponents(feed)
	b.ReportAllocs()
	for b.Loop() {
		db, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		r, err := db.Match(context.Background(), components)
		if err != nil {
			b.Fatal(err)
		}
		if len(r.Findings) == 0 || r.Assessed != len(components) {
			b.Fatalf("%d findings, %d assessed", len(r.Findings), r.Assessed)
		}
		db.Close()
	}
}

// BenchmarkUpdate builds an index.
func BenchmarkUpdate(b *testing.B) {
	feed := benchFeed()
	dir := b.TempDir()
	if err := feed.WriteBucket(dir); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "osv.db")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Update(context.Background(), UpdateOptions{Sources: []string{dir}, Path: path}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(feed.Records*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFleet matches a thousand functions of 150 components each with one
// memory, as a scan of a directory of SBOMs does.
func BenchmarkFleet(b *testing.B) {
	feed := benchFeed()
	dir := b.TempDir()
	if err := feed.WriteBucket(dir); err != nil {
		b.Fatal(err)
	}
	db := open(b, update(b, dir))
	var all []fnpkg.Component
	for _, p := range feed.Packages(1150) {
		all = append(all, fnpkg.Component{PURL: fmt.Sprintf("pkg:npm/%s@%s", p.Name, p.Version), Type: "npm", Name: p.Name, Version: p.Version})
	}
	b.ReportAllocs()
	for b.Loop() {
		m, findings := db.NewMatcher(), 0
		for i := range 1000 {
			r, err := m.Match(context.Background(), all[i:i+150])
			if err != nil {
				b.Fatal(err)
			}
			findings += len(r.Findings)
		}
		if findings == 0 || len(m.verdicts) > len(all) {
			b.Fatalf("%d findings, %d versions evaluated for %d distinct components", findings, len(m.verdicts), len(all))
		}
	}
}
