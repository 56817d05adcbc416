package catalog

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

const javaFoundBy = "java-archive"

// catalogArchives finds what is in the package's archives: Java's, the packages
// merged into them, and what other techniques find in an archive of any kind.
// The package itself may be a Java archive too.
func catalogArchives(ctx context.Context, s *survey, name string, reader *archiveReader) (result, error) {
	results := make([]result, len(s.archives)+1)
	err := each(ctx, len(results), func(ctx context.Context, i int) (err error) {
		if i < len(s.archives) {
			e := s.entries[s.archives[i]]
			var known bool
			if results[i], known = getShared[result](s.shared, "archive", e); known {
				return nil
			}
			results[i], err = reader.read(ctx, e)
			// What could not be read may be for want of room that others took.
			if err == nil && len(results[i].unread) == 0 {
				putShared(s.shared, "archive", e, results[i])
			}
			return err
		}
		if !s.rootIsJar {
			return nil
		}
		r := &results[i]
		// The file's name takes part in telling which metadata is the
		// archive's own.
		j := &jar{path: strings.TrimSuffix(path.Base(name), path.Ext(name)) + ".jar", root: true}
		if err := j.readMetadata(s.entries); err != nil {
			r.unread = append(r.unread, unread{"maven", manifestPath, err.Error()})
		}
		r.addJars([]*jar{j})
		return nil
	})
	all := join(results)
	all.resolveJava()
	return all, err
}

// javaNeeds are what the package of a purl needs.
type javaNeeds struct {
	from  string // purl
	needs []pomNeed
}

// resolveJava makes edges of what POMs name, to the archives that are there.
// With several versions of one, which is loaded the class path decides.
func (r *result) resolveJava() {
	r.nameByNeeds()
	at := map[pomNeed][]string{} // purls
	for _, f := range r.finds {
		if group, artifact, ok := strings.Cut(f.purl.Name, ":"); ok && f.purl.Type == "maven" {
			if key := (pomNeed{group, artifact}); !slices.Contains(at[key], f.purl.Text) {
				at[key] = append(at[key], f.purl.Text)
			}
		}
	}
	for _, j := range r.java {
		for _, need := range j.needs {
			if to := at[need]; len(to) == 1 {
				r.edges = append(r.edges, fnpkg.Edge{From: j.from, To: to[0]})
			}
		}
	}
}

// nameByNeeds corrects the group of archives that say nothing certain of
// themselves, where the POMs of others beside them need that artifact under one
// group alone.
func (r *result) nameByNeeds() {
	groups := map[string][]string{} // by artifact
	for _, j := range r.java {
		for _, n := range j.needs {
			if !slices.Contains(groups[n.artifact], n.group) {
				groups[n.artifact] = append(groups[n.artifact], n.group)
			}
		}
	}
	renamed := map[string]string{}
	for i := range r.finds {
		f := &r.finds[i]
		group, artifact, _ := strings.Cut(f.purl.Name, ":")
		if f.purl.Type != "maven" || f.confidence == 1 || len(groups[artifact]) != 1 {
			continue
		}
		f.confidence = max(f.confidence, byNeeds)
		if needed := groups[artifact][0]; needed != group {
			if id, err := purl.New("maven", needed+":"+artifact, f.purl.Version); err == nil {
				renamed[f.purl.Text], f.purl = id.Text, id
			}
		}
	}
	for i := range r.edges {
		e := &r.edges[i]
		e.From, e.To = cmp.Or(renamed[e.From], e.From), cmp.Or(renamed[e.To], e.To)
	}
}

// addJars adds an archive and those nested in it. An archive depends on what
// was merged into it and on what lies in it.
func (r *result) addJars(jars []*jar) {
	mains := map[string]string{} // purl of the archive itself, by path
	for _, j := range jars {
		main, others := r.addJar(j)
		if !j.root {
			mains[j.path] = main
		}
		if parent := mains[j.parent]; parent != "" && main != "" {
			r.edges = append(r.edges, fnpkg.Edge{From: parent, To: main})
		}
		if main == "" {
			main = mains[j.parent]
		}
		for _, to := range others {
			if main != "" && !j.root {
				r.edges = append(r.edges, fnpkg.Edge{From: main, To: to})
			}
		}
	}
}

// addJar adds the archive itself, of which it returns the purl, and the
// packages merged into it.
func (r *result) addJar(j *jar) (main string, others []string) {
	at := j.path
	if j.root {
		at = manifestPath
	}
	add := func(group, artifact, version string, confidence float64, known about, licenses ...string) *find {
		id, err := purl.New("maven", group+":"+artifact, version)
		if err != nil {
			r.unread = append(r.unread, unread{"maven", at, err.Error()})
			return nil
		}
		r.finds = append(r.finds, find{
			purl: id, path: at, origin: fnpkg.OriginShipped, confidence: confidence,
			licenses: spdxLicenses(licenses...), foundBy: javaFoundBy, about: known,
		})
		return &r.finds[len(r.finds)-1]
	}

	needs := func(f *find, p *pom) {
		if f != nil && len(p.needs) > 0 {
			r.java = append(r.java, javaNeeds{f.purl.Text, p.needs})
		}
	}
	var own *find
	ownMetadata := ownPOM(j.poms, j.stem(), j.manifest)
	if p := ownMetadata; p != nil {
		licenses := p.licenses
		if len(licenses) == 0 {
			licenses = manifestLicenses(j.manifest)
		}
		own = add(p.group, p.artifact, p.version, 1, p.about.or(j.manifest.about()), licenses...)
		needs(own, p)
	} else if n, ok := nameOf(j.stem(), j.manifest); ok && !j.root && !j.instrumentation() &&
		(n.confidence > byFileName || len(j.poms) == 0) {
		// What was merged into an archive says more than the file's name
		// alone. The function's own archive needs no name.
		own = add(n.group, n.artifact, n.version, n.confidence, j.manifest.about(), manifestLicenses(j.manifest)...)
	}
	if own != nil {
		main = own.purl.Text
		own.sha256, own.sha512, own.texts = j.sha256, j.sha512, j.texts
	}
	for _, p := range j.poms {
		if p == ownMetadata {
			continue
		}
		if f := add(p.group, p.artifact, p.version, 1, p.about, p.licenses...); f != nil {
			needs(f, p)
			others = append(others, f.purl.Text)
		}
	}
	if main == "" && len(others) == 0 && !j.root && isJavaArchive(j.path) {
		r.unread = append(r.unread, unread{"maven", j.path, "nothing in it tells which package it is"})
	}
	return main, others
}

// instrumentation reports whether an archive changes the classes of another
// package, under whose name and version it goes.
func (j *jar) instrumentation() bool { return j.manifest["weave-classes"] != "" }
