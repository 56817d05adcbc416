package catalog

import (
	"bytes"
	"context"
	"io"
	"path"
	"strings"

	"github.com/anchore/syft/syft/file"
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
func catalogJava(ctx context.Context, s *survey, name string, limits fnpkg.Limits, tmp *scratch, begin func()) (result, error) {
	reader := jarReader{limits: limits}
	reader.budget.Store(limits.TotalBytes)
	results := make([]result, len(s.archives)+1)
	err := each(ctx, len(results), func(ctx context.Context, i int) error {
		r := &results[i]
		var jars []jar // an archive and what is nested in it
		if i < len(s.archives) {
			var err error
			if jars, r.unread, err = reader.read(ctx, s.entries[s.archives[i]], begin); err != nil {
				return err
			}
		} else if s.rootIsJar {
			reduced, err := reduce(s.entries)
			if err != nil {
				r.unread = []unread{{"maven", manifestPath, err.Error()}}
				return nil
			}
			// The file's name takes part in telling which metadata is the
			// archive's own.
			at := rootArchive + strings.TrimSuffix(path.Base(name), path.Ext(name)) + ".jar"
			jars = []jar{{path: at, reduced: reduced}}
		}
		if err := r.addJars(ctx, jars, tmp); err != nil {
			if cerr := ctx.Err(); cerr != nil {
				return cerr
			}
			r.unread = append(r.unread, unread{"maven", jars[0].path, err.Error()})
		}
		return nil
	})
	return join(results), err
}

// addJars adds what the cataloger makes of an archive and those nested in it.
func (r *result) addJars(ctx context.Context, jars []jar, tmp *scratch) error {
	if len(jars) == 0 {
		return nil
	}
	ctx, err := tmp.in(ctx)
	if err != nil {
		return err
	}
	jarAt := map[file.Coordinates]jar{}
	all := newFiles(ctx, func() {})
	for _, j := range jars {
		place := all.add(j.path, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(j.reduced)), nil })
		jarAt[place] = j
	}
	// Errors are told archive by archive below. Neither the network nor a
	// local repository is asked: both are off unless switched on.
	packages, _, _ := java.NewArchiveCataloger(java.ArchiveCatalogerConfig{}).Catalog(ctx, all)
	if err := ctx.Err(); err != nil {
		return err
	}

	merged := map[string]bool{} // archives with Maven metadata of packages besides their own
	for _, p := range packages {
		if at := placeOf(p).RealPath; !isMain(p) {
			merged[at] = true
		}
	}
	mains := map[string]string{} // purl of the archive itself, by path
	for _, p := range packages {
		m, ok := p.Metadata.(pkg.JavaArchive)
		if !ok {
			continue
		}
		place := placeOf(p)
		at := place.RealPath
		hasPOM := m.PomProperties != nil || m.PomProject != nil
		id, err := javaPurl(p)
		if err != nil {
			r.unread = append(r.unread, unread{"maven", at, err.Error()})
			continue
		}
		confidence := 1.0
		if !hasPOM {
			if isRoot(at) || id.Version == "" {
				continue // the function's own archive, or one without any identity
			}
			guess, artifact, _ := strings.Cut(id.Name, ":")
			group, known := groupOf(guess, artifact, id.Version)
			switch {
			case known:
				confidence = byManifest
			case merged[at]:
				continue // what is merged into it says more than its file's name
			default:
				confidence = byFileName
			}
			if id, err = purl.New("maven", group+":"+artifact, id.Version); err != nil {
				r.unread = append(r.unread, unread{"maven", at, err.Error()})
				continue
			}
		}
		f := find{
			purl: id, path: at, origin: fnpkg.OriginShipped, confidence: confidence,
			licenses: licensesOf(p), foundBy: "java-archive",
		}
		if isMain(p) {
			mains[at] = id.Text
			f.sha256, f.sha512 = jarAt[place].sha256, jarAt[place].sha512
		}
		r.finds = append(r.finds, f)
	}

	named := map[string]bool{}
	parents := map[string]string{}
	for _, j := range jars {
		parents[j.path] = j.parent
	}
	for i := range r.finds {
		f := &r.finds[i]
		named[f.path] = true
		from := mains[f.path]
		if from == f.purl.Text {
			from = mains[parents[f.path]]
		}
		if from != "" {
			r.edges = append(r.edges, fnpkg.Edge{From: from, To: f.purl.Text})
		}
		if isRoot(f.path) {
			f.path = manifestPath
		}
	}
	for _, j := range jars {
		if !named[j.path] && !isRoot(j.path) {
			r.unread = append(r.unread, unread{"maven", j.path, "nothing in it tells which package it is"})
		}
	}
	return nil
}

// rootArchive is where the package itself stands among the archives in it: a
// path no entry has.
const rootArchive = "//"

func isRoot(name string) bool { return strings.HasPrefix(name, rootArchive) }

// isMain reports whether p is the archive it was found in, and not one that was
// merged into it.
func isMain(p pkg.Package) bool {
	m, ok := p.Metadata.(pkg.JavaArchive)
	return ok && m.VirtualPath == placeOf(p).RealPath
}

// javaPurl takes group and artifact from the cataloger's own purl, into which
// it has worked all it knows of them.
func javaPurl(p pkg.Package) (purl.Purl, error) {
	id, err := purl.Parse(p.PURL)
	if err != nil {
		return purl.Purl{}, err
	}
	return purl.New("maven", id.Name, id.Version)
}
