package catalog

import (
	"bytes"
	"context"
	"io"
	"path"
	"strings"

	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/java"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// Confidence in the identity of a Java archive without Maven metadata.
const (
	byManifest = 0.7 // its manifest, or its well-known name, tells the group
	byFileName = 0.5 // only the file's name tells artifact and version
)

// catalogJava finds Java archives and the packages merged into them, in the
// package itself where that is an archive.
func catalogJava(ctx context.Context, s *survey, name string, limits fnpkg.Limits, begin func()) (result, error) {
	r := jarReader{limits: limits}
	r.budget.Store(limits.TotalBytes)
	for _, i := range s.archives {
		if err := r.read(ctx, s.entries[i], s.entries[i].Path, "", 1); err != nil {
			return result{}, err
		}
	}
	out := result{unread: r.unread}
	byPath := map[string]jar{}
	all := newFiles(ctx, begin)
	add := func(j jar) {
		byPath[j.path] = j
		all.add(j.path, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(j.reduced)), nil })
	}
	for _, j := range r.jars {
		add(j)
	}
	root := ""
	if s.rootIsJar {
		reduced, err := reduce(s.entries)
		if err != nil {
			out.unread = append(out.unread, unread{"maven", manifestPath, err.Error()})
		} else {
			// The file's name takes part in telling which metadata is its own.
			root = rootArchive + strings.TrimSuffix(path.Base(name), path.Ext(name)) + ".jar"
			add(jar{path: root, reduced: reduced})
		}
	}
	if len(all.list) == 0 {
		return out, nil
	}

	var packages []pkg.Package
	err := withTempDir(ctx, func(ctx context.Context) error {
		// Errors are told archive by archive below. Neither the network nor a
		// local repository is asked: both are off unless switched on.
		packages, _, _ = java.NewArchiveCataloger(java.ArchiveCatalogerConfig{}).Catalog(ctx, all)
		return ctx.Err()
	})
	if err != nil {
		return result{}, err
	}

	merged := map[string]bool{} // archives with Maven metadata of packages besides their own
	for _, p := range packages {
		if m, ok := p.Metadata.(pkg.JavaArchive); ok && m.VirtualPath != pathOf(p) {
			merged[pathOf(p)] = true
		}
	}
	mains := map[string]string{} // purl of the archive itself, by path
	for _, p := range packages {
		m, ok := p.Metadata.(pkg.JavaArchive)
		at := pathOf(p)
		if !ok || at == "" {
			continue
		}
		isMain := m.VirtualPath == at
		hasPOM := m.PomProperties != nil || m.PomProject != nil
		id, err := javaPurl(p)
		if err != nil {
			out.unread = append(out.unread, unread{"maven", at, err.Error()})
			continue
		}
		group, artifact, _ := strings.Cut(id.Name, ":")
		confidence := 1.0
		switch {
		case hasPOM:
		case at == root:
			continue // the function's own archive, with a name nobody gave it
		case id.Version == "" || group == artifact && merged[at]:
			continue
		case group == artifact:
			confidence = byFileName
		default:
			confidence = byManifest
		}
		f := find{
			purl: id, path: at, origin: fnpkg.OriginShipped, confidence: confidence,
			licenses: licensesOf(p), foundBy: "java-archive",
		}
		if isMain {
			mains[at] = id.Text
			f.sha256, f.sha512 = byPath[at].sha256, byPath[at].sha512
		}
		out.finds = append(out.finds, f)
	}

	named := map[string]bool{}
	for i := range out.finds {
		f := &out.finds[i]
		named[f.path] = true
		if main := mains[f.path]; main != f.purl.Text {
			out.edges = append(out.edges, fnpkg.Edge{From: main, To: f.purl.Text})
		} else if parent := mains[byPath[f.path].parent]; parent != "" {
			out.edges = append(out.edges, fnpkg.Edge{From: parent, To: f.purl.Text})
		}
		if f.path == root {
			f.path = manifestPath
		}
	}
	for _, j := range r.jars {
		if !named[j.path] {
			out.unread = append(out.unread, unread{"maven", j.path, "nothing in it tells which package it is"})
		}
	}
	return out, nil
}

// rootArchive is where the package itself stands among the archives in it: a
// path no entry has.
const rootArchive = "//"

// javaPurl takes group and artifact from the cataloger's own purl, into which
// it has worked all it knows of them.
func javaPurl(p pkg.Package) (purl.Purl, error) {
	id, err := purl.Parse(p.PURL)
	if err != nil {
		return purl.Purl{}, err
	}
	return purl.New("maven", id.Name, id.Version)
}
