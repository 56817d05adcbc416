//go:build ignore

// Pack makes a zip of a folder, the same bytes for the same content: entries
// sorted, one time for all.
//
//	go run pack.go [-store] FOLDER ZIP
package main

import (
	"archive/zip"
	"compress/flate"
	"flag"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"
)

func main() {
	log.SetFlags(0)
	store := flag.Bool("store", false, "do not compress, as Spring Boot's loader wants it")
	flag.Parse()
	if err := pack(flag.Arg(0), flag.Arg(1), *store); err != nil {
		log.Fatal(err)
	}
}

func pack(folder, name string, store bool) error {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	w := zip.NewWriter(out)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	root := os.DirFS(folder)
	// WalkDir goes in the order of names.
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		if store {
			h.Method = zip.Store
		}
		var content []byte
		switch {
		case info.Mode().Type() == fs.ModeSymlink:
			target, err := os.Readlink(filepath.Join(folder, path))
			if err != nil {
				return err
			}
			content = []byte(target)
			h.SetMode(fs.ModeSymlink | 0o777)
		case info.Mode().IsRegular():
			if content, err = fs.ReadFile(root, filepath.ToSlash(path)); err != nil {
				return err
			}
			h.SetMode(0o644)
			if info.Mode()&0o100 != 0 {
				h.SetMode(0o755)
			}
		default:
			return nil
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return w.Close()
}
