package vulndb

import (
	"archive/zip"
	"io"
	"path/filepath"
	"testing"
)

// eachSampleRecord calls f with the text of each record of the sample feed, as
// the standard library's zip reader finds it.
func eachSampleRecord(t testing.TB, f func(text []byte)) {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join(sampleFeed, "*", archiveName))
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in %s: %v", sampleFeed, err)
	}
	for _, path := range archives {
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range z.File {
			in, err := member.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			f(text)
		}
		z.Close()
	}
}
