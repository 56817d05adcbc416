package catalog

import (
	"path"
	"sort"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// metadataKind is a kind of file in which a package manager notes what it
// installed, and by which one technique goes.
type metadataKind int

const (
	noMetadata     metadataKind = iota
	gemSpec                     // RubyGems: specifications/NAME-VERSION.gemspec
	composerList                // Composer: vendor/composer/installed.json
	dotnetDeps                  // .NET: APP.deps.json
	apkDatabase                 // Alpine: lib/apk/db/installed
	dpkgDatabase                // Debian: var/lib/dpkg/status, or one file of status.d
	rpmDatabase                 // RPM: rpmdb.sqlite, Packages, Packages.db
	osRelease                   // the distribution of an image
	pythonVersion               // a file in which a Python package may state its version
	pythonWishes                // requirements*.txt
	lockOfGems                  // Gemfile.lock
	lockOfComposer              // composer.lock
	yarnCache                   // Yarn: .yarn/cache/NAME-….zip, an installed package as an archive
)

// isCode reports whether a file of the kind is a code file besides.
func (k metadataKind) isCode() bool { return k == pythonVersion }

// isLock reports whether a file of the kind only declares.
func (k metadataKind) isLock() bool { return k == lockOfGems || k == lockOfComposer }

// ofPackage reports whether a folder is of an installed package, or of an
// operating system: lock files there are their authors' own.
func ofPackage(dir string) bool {
	return strings.HasPrefix(dir, "usr/") || hasElement(dir, "gems") || hasElement(dir, "vendor") ||
		hasElement(dir, "site-packages") || hasElement(dir, "dist-packages")
}

// metadataOf tells the kind of a file from its path. dir and base are the parts
// of p, ecosystems the names it goes by.
func metadataOf(p, dir, base string) metadataKind {
	switch base {
	case "installed.json":
		if path.Base(dir) == "composer" {
			return composerList
		}
	case "installed":
		if p == "lib/apk/db/installed" || p == "usr/lib/apk/db/installed" {
			return apkDatabase
		}
	case "status":
		if p == "var/lib/dpkg/status" {
			return dpkgDatabase
		}
	case "rpmdb.sqlite", "Packages.db", "Packages":
		if dir == "var/lib/rpm" || dir == "usr/lib/sysimage/rpm" || dir == "usr/share/rpm" {
			return rpmDatabase
		}
	case "os-release":
		if dir == "etc" || dir == "usr/lib" {
			return osRelease
		}
	case "Gemfile.lock":
		return lockOfGems
	case "composer.lock":
		return lockOfComposer
	case "__init__.py", "_version.py", "version.py", "__version__.py", "__about__.py", "package_data.py":
		return pythonVersion
	}
	switch path.Ext(base) {
	case ".gemspec":
		if d := path.Base(dir); d == "specifications" || d == "default" && path.Base(path.Dir(dir)) == "specifications" {
			return gemSpec
		}
		// What Bundler checked out with git; it writes the evaluated
		// specification over the author's.
		if strings.HasSuffix(path.Dir(dir), "bundler/gems") {
			return gemSpec
		}
	case ".json":
		if strings.HasSuffix(base, ".deps.json") {
			return dotnetDeps
		}
	case ".zip":
		if dir == ".yarn/cache" || strings.HasSuffix(dir, "/.yarn/cache") {
			return yarnCache
		}
	case ".py":
		if dir == "" || dir == "python" || path.Base(dir) == "site-packages" || path.Base(dir) == "dist-packages" {
			return pythonVersion
		}
	case ".txt":
		if strings.HasPrefix(base, "requirements") && !strings.Contains(dir, ".dist-info") {
			return pythonWishes
		}
	default:
		if dir == "var/lib/dpkg/status.d" && !strings.HasSuffix(base, ".md5sums") {
			return dpkgDatabase
		}
	}
	return noMetadata
}

// occupied reports whether anything lies in a folder.
func (s *survey) occupied(folder string) bool {
	prefix := folder + "/"
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].Path >= prefix })
	return i < len(s.entries) && strings.HasPrefix(s.entries[i].Path, prefix)
}

// file returns the entry of a path.
func (s *survey) file(p string) (fnpkg.Entry, bool) {
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].Path >= p })
	if i == len(s.entries) || s.entries[i].Path != p {
		return fnpkg.Entry{}, false
	}
	return s.entries[i], true
}
