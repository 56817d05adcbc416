package vulndb

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	t.Setenv("LocalAppData", dir)
	byDefault, err := DefaultPath()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "index")
	writeFile(t, file, nil)
	tests := []struct {
		path string
		want location
	}{
		{"", location{dir: byDefault, name: pointerName, folder: true}},
		{byDefault, location{dir: byDefault, name: pointerName, folder: true}},
		{dir, location{dir: dir, name: pointerName, folder: true}},
		{filepath.Join(dir, "new") + string(os.PathSeparator), location{dir: filepath.Join(dir, "new"), name: pointerName, folder: true}},
		{filepath.Join(dir, "new.db"), location{dir: dir, name: "new.db"}},
		{file, location{dir: dir, name: "index"}},
		{"osv.db", location{dir: ".", name: "osv.db"}},
	}
	for _, test := range tests {
		got, err := locate(test.path)
		if err != nil || got != test.want {
			t.Errorf("%q: %+v %v, want %+v", test.path, got, err, test.want)
		}
	}
}

func TestIsTemporary(t *testing.T) {
	file := location{name: "osv.db"}
	folder := location{name: pointerName, folder: true}
	tests := []struct {
		name         string
		file, folder bool
	}{
		{".osv.db.123.tmp", true, false},
		{".osv.db.12a.tmp", false, false},
		{".osv.db..tmp", false, false},
		{".osv.db.old.123.tmp", false, false},
		{"osv.db", false, false},
		{".osv.db.lock", false, false},
		{"osv.db.123.tmp", false, false},
		{".current.json.9.tmp", false, true},
		{".osv-20260901T120300.000000000.db.77.tmp", false, true},
		{".other.db.123.tmp", false, false},
	}
	for _, test := range tests {
		if got := file.isTemporary(test.name); got != test.file {
			t.Errorf("file: %s is %v", test.name, got)
		}
		if got := folder.isTemporary(test.name); got != test.folder {
			t.Errorf("folder: %s is %v", test.name, got)
		}
	}
}
