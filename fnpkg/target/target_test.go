package target_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/target"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

var (
	sound    = zipvec.Zip(zipvec.File("index.py", "print('ok')\n")).Bytes()
	prefixed = append([]byte("#!/usr/bin/env python3\n"), sound...)
)

func options() target.Options {
	return target.Options{Limits: fnpkg.DefaultLimits(), Offline: true}
}

// workdir makes a folder with one of each kind of thing and goes there.
func workdir(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range map[string][]byte{
		"fn.zip":                  sound,
		"no-extension":            sound,
		"fn.txt":                  sound,
		"app.pyz":                 prefixed,
		"empty.zip":               zipvec.Zip().Bytes(),
		"truncated.zip":           sound[:60],
		"empty":                   nil,
		"text.zip":                []byte("This is not a zip.\n"),
		"json.zip":                []byte(" {\"a\": 1}"),
		"html.zip":                []byte("<!DOCTYPE html>"),
		"latin1":                  []byte("caf\xe9 cr\xe8me"),
		"program":                 []byte("\x7fELF\x02\x01\x01\x00"),
		"data.gz":                 gzipped(t),
		"script.sh":               []byte("#!/bin/sh\nexit\n"),
		"zip:odd":                 sound,
		"tree/index.py":           []byte("x"),
		"layout/oci-layout":       []byte(`{"imageLayoutVersion":"1.0.0"}`),
		"layout/index.json":       []byte(`{}`),
		"archive.tar":             tarOf(t, "inner.zip", sound),
		"bomb.zip":                zipvec.FlatBomb(64 << 20),
		"bomb-behind-a-script.sh": append([]byte("#!/bin/sh\n"), zipvec.FlatBomb(64<<20)...),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func gzipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gzip.NewWriter(&b).Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestOpen opens everything both ways. A result is the kind and name of the
// package, or the text of the error.
func TestOpen(t *testing.T) {
	workdir(t)
	offline := "a registry cannot be asked while offline; give the image as an OCI layout or an archive"
	digest := "@sha256:" + strings.Repeat("0f", 32)
	same := func(s string) [2]string { return [2]string{s, s} }
	fails := func(ref, reason string) string { return `opening "` + ref + `": ` + reason }
	for ref, want := range map[string][2]string{
		"fn.zip":                  same("zip fn.zip"),
		"./fn.zip":                same("zip fn.zip"),
		"zip:fn.zip":              same("zip fn.zip"),
		"file:fn.zip":             same("zip fn.zip"),
		"file:zip:odd":            same("zip zip:odd"),
		"./zip:odd":               same("zip zip:odd"),
		"no-extension":            same("zip no-extension"),
		"fn.txt":                  same("zip fn.txt"),
		"app.pyz":                 same("zip app.pyz"),
		"empty.zip":               same("zip empty.zip"),
		"tree":                    {"directory tree", fails("tree", "a directory has no exact digest")},
		"tree/":                   {"directory tree", fails("tree/", "a directory has no exact digest")},
		"dir:tree":                {"directory tree", fails("dir:tree", "a directory has no exact digest")},
		"dir:layout":              {"directory layout", fails("dir:layout", "a directory has no exact digest")},
		"layout":                  same(fails("layout", "reading index.json: not a readable container image: its manifest is of schema version 0, not 2")),
		"oci-layout:layout":       same(fails("oci-layout:layout", "reading index.json: not a readable container image: its manifest is of schema version 0, not 2")),
		"oci-layout:tree":         same(fails("oci-layout:tree", `reading "oci-layout": no such file or directory`)),
		"oci-layout:fn.zip":       same(fails("oci-layout:fn.zip", "not a directory")),
		"docker-archive:x.tar":    same(fails("docker-archive:x.tar", "no such file or directory")),
		"docker-archive:tree":     same(fails("docker-archive:tree", "a directory, where an archive is expected")),
		"docker-archive:fn.zip":   same(fails("docker-archive:fn.zip", "not a readable container image: its archive is damaged: unexpected EOF")),
		"oci-archive:archive.tar": same(fails("oci-archive:archive.tar", "not a readable container image: the archive holds no image: neither oci-layout nor docker's manifest.json is in it")),
		"image:app":               same(fails("image:app", offline)),
		"docker://app:v1":         same(fails("docker://app:v1", offline)),
		"python:3.12":             same(fails("python:3.12", "no such file or directory; as an image: "+offline)),
		"alpine" + digest:         same(fails("alpine"+digest, "no such file or directory; as an image: "+offline)),
		"ghcr.io/org/app:v1":      same(fails("ghcr.io/org/app:v1", "no such file or directory; as an image: "+offline)),
		"localhost:5000/app":      same(fails("localhost:5000/app", "no such file or directory; as an image: "+offline)),
		"missing.zip":             same(fails("missing.zip", "no such file or directory")),
		"dist/missing.zip":        same(fails("dist/missing.zip", "no such file or directory")),
		"zip:missing":             same(fails("zip:missing", "no such file or directory")),
		"":                        same(fails("", "no such file or directory")),
		"zip:tree":                same(fails("zip:tree", "a directory, where a file is expected")),
		"file:tree":               same(fails("file:tree", "a directory, where a file is expected")),
		"dir:fn.zip":              same(fails("dir:fn.zip", "not a directory")),
		"truncated.zip":           same(fails("truncated.zip", "not a readable zip: it begins as one, but is truncated: it has no end record")),
		"zip:text.zip":            same(fails("zip:text.zip", "not a readable zip: nothing marks it as one: it has no end record")),
		"empty":                   {fails("empty", "not a readable zip: it is an empty file"), "file empty"},
		"text.zip":                {fails("text.zip", "not a readable zip: it is text"), "file text.zip"},
		"json.zip":                {fails("json.zip", "not a readable zip: it is text that looks like JSON"), "file json.zip"},
		"html.zip":                {fails("html.zip", "not a readable zip: it is text that looks like XML or HTML"), "file html.zip"},
		"latin1":                  {fails("latin1", "not a readable zip: it is data of no known format"), "file latin1"},
		"program":                 {fails("program", "not a readable zip: it is an ELF program or library"), "file program"},
		"data.gz":                 {fails("data.gz", "not a readable zip: it is gzip data"), "file data.gz"},
		"script.sh":               {fails("script.sh", "not a readable zip: it is a script"), "file script.sh"},
		"archive.tar":             {"zip archive.tar", "file archive.tar"},
		"bomb.zip":                same(fails("bomb.zip", "uncompressed bytes per byte of the zip: 1029 is over the limit of 200")),
		"bomb-behind-a-script.sh": {fails("bomb-behind-a-script.sh", "uncompressed bytes per byte of the zip: 1029 is over the limit of 200"), "file bomb-behind-a-script.sh"},
	} {
		for i, open := range []func(context.Context, string, target.Options) (fnpkg.Package, error){target.Open, target.OpenArtifact} {
			p, err := open(t.Context(), ref, options())
			got := ""
			if err != nil {
				got = err.Error()
				if p != nil {
					t.Errorf("%q: a package beside an error", ref)
				}
			} else {
				got = string(p.Kind()) + " " + p.Name()
				p.Close()
			}
			if got != want[i] {
				t.Errorf("%s(%q):\n got %s\nwant %s", []string{"Open", "OpenArtifact"}[i], ref, got, want[i])
			}
		}
	}
}

func TestErrorsAreOfNamedTypes(t *testing.T) {
	workdir(t)
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	format := func(err error) bool { var f *fnpkg.FormatError; return errors.As(err, &f) }
	limit := func(err error) bool { var l *fnpkg.LimitError; return errors.As(err, &l) }
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		ref  string
		want func(error) bool
	}{
		{t.Context(), "missing", is(fs.ErrNotExist)},
		{t.Context(), "tree", is(fnpkg.ErrNoDigest)},
		{t.Context(), "layout", format},
		{t.Context(), "ghcr.io/org/app", is(target.ErrOffline)},
		{t.Context(), "ghcr.io/org/app", is(fs.ErrNotExist)},
		{t.Context(), "truncated.zip", format},
		{t.Context(), "bomb.zip", limit},
		{cancelled, "fn.zip", is(context.Canceled)},
	} {
		if _, err := target.OpenArtifact(c.ctx, c.ref, options()); !c.want(err) {
			t.Errorf("%q: %v (%T)", c.ref, err, err)
		}
	}
}

func TestNoPermission(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("needs a user whom permissions stop")
	}
	workdir(t)
	if err := os.Chmod("fn.zip", 0); err != nil {
		t.Fatal(err)
	}
	_, err := target.Open(t.Context(), "fn.zip", options())
	if !errors.Is(err, fs.ErrPermission) || err.Error() != `opening "fn.zip": permission denied` {
		t.Errorf("error %v", err)
	}
}

func TestDirectoryNames(t *testing.T) {
	workdir(t)
	t.Chdir("tree")
	for _, ref := range []string{".", "./", "dir:.", "../tree"} {
		p, err := target.Open(t.Context(), ref, options())
		if err != nil {
			t.Fatal(err)
		}
		if p.Name() != "tree" {
			t.Errorf("%q is named %q", ref, p.Name())
		}
		p.Close()
	}
}

// TestFile opens what is no package and yet signed and verified.
func TestFile(t *testing.T) {
	workdir(t)
	p, err := target.OpenArtifact(t.Context(), "text.zip", options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := fnpkg.Digest(sha256.Sum256([]byte("This is not a zip.\n")))
	if d, err := p.Digest(t.Context()); err != nil || d != want || p.Size() != 19 || len(p.Entries()) != 0 || len(p.Hazards()) != 0 {
		t.Errorf("digest %s, %v; size %d, entries %v, hazards %v", d, err, p.Size(), p.Entries(), p.Hazards())
	}
	if _, err := fnpkg.DigestContent(t.Context(), p); !errors.Is(err, fnpkg.ErrNoContentDigest) {
		t.Errorf("content digest: %v", err)
	}
}

// TestChanged writes to a file between its opening and its digest.
func TestChanged(t *testing.T) {
	workdir(t)
	for _, name := range []string{"fn.zip", "text.zip"} {
		p, err := target.OpenArtifact(t.Context(), name, options())
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("!"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if d, err := p.Digest(t.Context()); !errors.Is(err, fnpkg.ErrChanged) {
			t.Errorf("%s: digest %s, %v; want ErrChanged", name, d, err)
		}
	}
}

func TestStdin(t *testing.T) {
	large := zipvec.Zip(zipvec.File("large", strings.Repeat("x", 17<<20))).Bytes()
	for name, data := range map[string][]byte{"small": sound, "more than is kept in memory": large} {
		t.Run(name, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			o := options()
			o.Stdin = iotest.HalfReader(bytes.NewReader(data))
			p, err := target.Open(t.Context(), "-", o)
			if err != nil {
				t.Fatal(err)
			}
			if p.Name() != "stdin" || p.Kind() != fnpkg.KindZip || len(p.Entries()) != 1 {
				t.Errorf("%s %s, %v", p.Kind(), p.Name(), p.Entries())
			}
			if d, err := p.Digest(t.Context()); err != nil || d != fnpkg.Digest(sha256.Sum256(data)) {
				t.Errorf("digest %s, %v", d, err)
			}
			c, err := p.Entries()[0].Open()
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, c); err != nil || n != p.Entries()[0].Size {
				t.Errorf("%d bytes, %v", n, err)
			}
			c.Close()
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestStdinErrors(t *testing.T) {
	broken := errors.New("broken pipe")
	cancelled, cancel := context.WithCancel(t.Context())
	small := fnpkg.Limits{TotalBytes: 1000}
	for name, c := range map[string]struct {
		ctx    context.Context
		stdin  io.Reader
		limits fnpkg.Limits
		want   string
	}{
		"broken":    {t.Context(), io.MultiReader(bytes.NewReader(sound), iotest.ErrReader(broken)), fnpkg.Limits{}, `opening "-": broken pipe`},
		"endless":   {t.Context(), endless{}, small, `opening "-": bytes of the stream: `},
		"cancelled": {cancelled, cancelling{cancel}, fnpkg.Limits{}, `opening "-": context canceled`},
		"text":      {t.Context(), strings.NewReader("text"), fnpkg.Limits{}, `opening "-": not a readable zip: it is text`},
		"nothing":   {t.Context(), strings.NewReader(""), fnpkg.Limits{}, `opening "-": not a readable zip: it is an empty file`},
	} {
		_, err := target.Open(c.ctx, "-", target.Options{Limits: c.limits, Stdin: c.stdin})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// endless is a reader without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// cancelling is endless too, and cancels when it is read.
type cancelling struct{ cancel func() }

func (c cancelling) Read(b []byte) (int, error) { c.cancel(); return len(b), nil }
