package vulndb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// feed is a place that keeps archives in the layout of the OSV bucket:
// <ecosystem>/all.zip, <ecosystem>/modified_id.csv, and ecosystems.txt with the
// names of the ecosystems.
type feed interface {
	// location names the feed for people, without credentials.
	location() string
	// archive names the archive of an ecosystem for people.
	archive(ecosystem string) string
	// ecosystems lists what the feed has. It is nil if the feed does not say.
	ecosystems(ctx context.Context) ([]string, error)
	// open returns the archive of an ecosystem; the error satisfies
	// errors.Is(err, ErrNoEcosystem) if the feed has none, and
	// errors.Is(err, errUnchanged) if it is what known says.
	open(ctx context.Context, ecosystem string, known *Source, progress func(done, total int64)) (*openSource, error)
}

const (
	archiveName       = "all.zip"
	listName          = "modified_id.csv"
	ecosystemsName    = "ecosystems.txt"
	maxEcosystemsFile = 1 << 20
	maxEcosystems     = 1000
)

// openSource is an archive that is open for reading.
type openSource struct {
	location  string // file or URL, without credentials
	ecosystem string
	file      *os.File
	temporary bool // a download, to be removed
	info      fs.FileInfo
	sha256    string // known for downloads
	tag       string // entity tag of a download
}

func (s *openSource) close() {
	s.file.Close()
	if s.temporary {
		_ = os.Remove(s.file.Name())
		if base, ok := strings.CutSuffix(s.file.Name(), partialSuffix); ok {
			_ = os.Remove(base + tagSuffix)
		}
	}
}

func (s *openSource) fail(err error) error {
	return &SourceError{Location: s.location, Ecosystem: s.ecosystem, Err: err}
}

// unchanged returns an error if the file is no longer what it was when it was
// opened.
func (s *openSource) unchanged() error {
	info, err := s.file.Stat()
	if err != nil {
		return s.fail(err)
	}
	if info.Size() != s.info.Size() || !info.ModTime().Equal(s.info.ModTime()) {
		return s.fail(errors.New("the archive changed while it was being read"))
	}
	return nil
}

// checkEcosystem accepts a name that can be part of a path and a URL.
func checkEcosystem(name string) error {
	if name == "" || len(name) > 100 || name == "." || name == ".." {
		return fmt.Errorf("%q is no name of an ecosystem", shorten(name))
	}
	for _, r := range name {
		if r < ' ' || r == '/' || r == '\\' || r == 0x7f {
			return fmt.Errorf("%q is no name of an ecosystem", shorten(name))
		}
	}
	return nil
}

// parseEcosystems reads ecosystems.txt: one name a line.
func parseEcosystems(data []byte) ([]string, error) {
	var names []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		name := strings.TrimSpace(lines.Text())
		if name == "" || isPlaceholder(name) {
			continue
		}
		if err := checkEcosystem(name); err != nil {
			return nil, fmt.Errorf("%s: %w", ecosystemsName, err)
		}
		names = append(names, name)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", ecosystemsName, err)
	}
	if len(names) > maxEcosystems {
		return nil, fmt.Errorf("%s lists %d ecosystems, more than %d", ecosystemsName, len(names), maxEcosystems)
	}
	return names, nil
}

// isPlaceholder reports whether a line of ecosystems.txt stands for records
// without a package ecosystem: commits, and records that were emptied.
func isPlaceholder(name string) bool { return name == "GIT" || name == "[EMPTY]" }

// httpFeed is a feed that a web server or a bucket serves as plain files.
type httpFeed struct {
	base address
	*fetcher
}

func (f *httpFeed) location() string { return f.base.String() }

func (f *httpFeed) archive(ecosystem string) string {
	return f.base.file(ecosystem, archiveName).String()
}

func (f *httpFeed) ecosystems(ctx context.Context) ([]string, error) {
	at := f.base.file(ecosystemsName)
	data, _, err := f.text(ctx, at, maxEcosystemsFile, "")
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	var names []string
	if err == nil {
		names, err = parseEcosystems(data)
	}
	if err != nil {
		return nil, &SourceError{Location: at.String(), Err: err}
	}
	return names, nil
}

func (f *httpFeed) open(ctx context.Context, ecosystem string, known *Source, progress func(done, total int64)) (*openSource, error) {
	at, tag := f.base.file(ecosystem, archiveName), ""
	if known != nil {
		tag = known.Tag
	}
	s, err := f.file(ctx, at, tag, progress)
	if errors.Is(err, errNotFound) {
		err = fmt.Errorf("%w: %w", ErrNoEcosystem, err)
	}
	if err != nil {
		return nil, &SourceError{Location: at.String(), Ecosystem: ecosystem, Err: err}
	}
	s.ecosystem = ecosystem
	return s, nil
}

// maxList bounds modified_id.csv: a hundred bytes for each of the records an
// archive may have.
func (f *httpFeed) maxList() int64 { return 100 * f.limits.Records }

// list fetches an ecosystem's modified_id.csv.
func (f *httpFeed) list(ctx context.Context, ecosystem, tag string) (data []byte, newTag string, err error) {
	at := f.base.file(ecosystem, listName)
	data, newTag, err = f.text(ctx, at, f.maxList(), tag)
	if err != nil {
		return nil, "", &SourceError{Location: at.String(), Ecosystem: ecosystem, Err: err}
	}
	return data, newTag, nil
}

// record fetches one record.
func (f *httpFeed) record(ctx context.Context, ecosystem, id string) ([]byte, error) {
	at := f.base.file(ecosystem, id+".json")
	data, _, err := f.text(ctx, at, f.limits.RecordBytes, "")
	if err != nil {
		return nil, &SourceError{Location: at.String(), Ecosystem: ecosystem, Err: err}
	}
	return data, nil
}

// folderFeed is a feed in a folder.
type folderFeed struct{ dir string }

func (f folderFeed) location() string { return f.dir }

func (f folderFeed) archive(ecosystem string) string {
	return filepath.Join(f.dir, ecosystem, archiveName)
}

func (f folderFeed) ecosystems(context.Context) ([]string, error) {
	file, err := os.Open(filepath.Join(f.dir, ecosystemsName))
	if errors.Is(err, fs.ErrNotExist) {
		return f.folders()
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxEcosystemsFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxEcosystemsFile {
		return nil, fmt.Errorf("%s has more than %d bytes", ecosystemsName, maxEcosystemsFile)
	}
	return parseEcosystems(data)
}

// folders lists the folders that hold an archive.
func (f folderFeed) folders() ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(f.dir, e.Name(), archiveName))
		if err == nil && info.Mode().IsRegular() && checkEcosystem(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f folderFeed) open(ctx context.Context, ecosystem string, known *Source, _ func(done, total int64)) (*openSource, error) {
	if _, err := os.Stat(f.dir); err != nil {
		return nil, &SourceError{Location: f.dir, Ecosystem: ecosystem, Err: pathCause(err)}
	}
	path := f.archive(ecosystem)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &SourceError{Location: f.dir, Ecosystem: ecosystem, Err: fmt.Errorf("%w: there is no %s", ErrNoEcosystem, filepath.Join(ecosystem, archiveName))}
	}
	if err != nil {
		return nil, &SourceError{Location: path, Ecosystem: ecosystem, Err: pathCause(err)}
	}
	s := &openSource{location: path, ecosystem: ecosystem, file: file}
	s.info, err = file.Stat()
	if err == nil && !s.info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err == nil && known != nil {
		s.sha256, err = sumFile(ctx, file, s.info.Size())
		if err == nil && s.sha256 == known.SHA256 {
			err = errUnchanged
		}
	}
	if err != nil {
		s.close()
		return nil, s.fail(pathCause(err))
	}
	return s, nil
}

// pathCause strips the path from an error, for messages that name it already.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
