package vulndb

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ownFolder is a folder that holds OSV records as JSON files, at any depth:
// advisories of a company's own, a checkout of an advisory database.
type ownFolder struct {
	folderFeed
	temp func() (*os.File, error)
}

// maxOwnDepth is how deep own advisories may lie.
const maxOwnDepth = 16

// isOwn reports whether a folder holds JSON files and is not laid out as a
// bucket.
func (f folderFeed) isOwn() bool {
	if _, err := os.Lstat(filepath.Join(f.dir, ecosystemsName)); err == nil {
		return false
	}
	if names, err := f.folders(); err != nil || len(names) > 0 {
		return false
	}
	found := errors.New("found")
	return errors.Is(eachJSON(f.dir, func(string) error { return found }), found)
}

// eachJSON calls f with the path of each JSON file below a folder, in their
// order. Hidden folders, such as .git, are left out; links are not followed.
func eachJSON(dir string, f func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && path != dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() && strings.Count(below, string(filepath.Separator)) >= maxOwnDepth:
			return fmt.Errorf("%s is more than %d folders deep", below, maxOwnDepth)
		case d.Type().IsRegular() && strings.HasSuffix(d.Name(), ".json"):
			return f(path)
		}
		return nil
	})
}

func (f ownFolder) archive(string) string { return f.dir }

// open packs the files into an archive, which is then read as that of a bucket
// is. The same files make the same archive.
func (f ownFolder) open(ctx context.Context, _ string, known *Source, _ func(done, total int64)) (*openSource, error) {
	file, err := f.temp()
	if err != nil {
		return nil, err
	}
	s := &openSource{location: f.dir, file: file, temporary: true}
	z := zip.NewWriter(file)
	err = eachJSON(f.dir, func(path string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		below, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		return packFile(z, path, filepath.ToSlash(below))
	})
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		s.info, err = file.Stat()
	}
	if err == nil {
		s.sha256, err = sumFile(ctx, file, s.info.Size())
	}
	if err == nil && known != nil && s.sha256 == known.SHA256 {
		err = errUnchanged
	}
	if err != nil {
		s.close()
		return nil, s.fail(err)
	}
	return s, nil
}

func packFile(z *zip.Writer, path, name string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	member, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = io.Copy(member, in)
	return err
}
