package inspect

import (
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/fnpkg/zipfile"
)

// Bounds of the Java classes that are looked at: a sample tells.
const (
	maxClasses       = 200
	maxJars          = 20
	maxJarBytes      = 32 << 20
	maxClassesPerJar = 8
)

// keepClass keeps f if it is to be looked at. Classes for later releases of
// Java (JEP 238) and descriptions of modules, which are compiled for later
// releases than the code they are about, do not say what the code needs.
func keepClass(classes []fnpkg.Entry, f file) []fnpkg.Entry {
	if len(classes) == maxClasses || f.base == "module-info.class" || strings.HasPrefix(f.rel, "META-INF/versions/") {
		return classes
	}
	return append(classes, f.Entry)
}

// readClasses takes the release of Java that the newest of the sampled classes
// needs. Classes in archives are looked at only where there are no others:
// those of the function itself are then in an archive, too.
func (s *survey) readClasses(ctx context.Context) error {
	newest := newestClass{}
	for _, e := range s.classes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		newest.look(s, e, e.Path)
	}
	if len(s.classes) == 0 {
		for _, jar := range s.jars {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.readJar(jar, &newest)
		}
	}
	if release := newest.major - 44; newest.major > 0 {
		name := "java" + strconv.Itoa(release)
		s.hints.runtime(RuntimeHint{Name: name, AtLeast: true}, Strong, newest.path, "a class of version "+strconv.Itoa(newest.major))
	}
	return nil
}

type newestClass struct {
	major int
	path  string
}

func (n *newestClass) look(s *survey, e fnpkg.Entry, shown string) {
	head, ok := s.read(e, 8)
	if !ok {
		return
	}
	if major, ok := classMajor(head); ok && major > n.major {
		n.major, n.path = major, shown
	}
}

// readJar looks at a few classes of an archive.
func (s *survey) readJar(jar fnpkg.Entry, newest *newestClass) {
	c, err := jar.Open()
	if err != nil {
		s.cannotRead(jar.Path, err)
		return
	}
	defer c.Close()
	p, err := zipfile.New(c, jar.Size, path.Base(jar.Path), s.limits)
	if err != nil {
		s.cannotRead(jar.Path, err)
		return
	}
	defer p.Close()
	var classes []fnpkg.Entry
	for _, e := range p.Entries() {
		if e.IsRegular() && e.Size > 0 && strings.HasSuffix(e.Path, ".class") {
			classes = keepClass(classes, file{Entry: e, rel: e.Path, base: path.Base(e.Path)})
		}
	}
	for _, e := range classes[:min(len(classes), maxClassesPerJar)] {
		newest.look(s, e, jar.Path+"!/"+e.Path)
	}
}
