package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// namedFiles is how many unread files a coverage row names; the rest it counts.
const namedFiles = 3

// coverage says, for each ecosystem of which code or metadata was seen, how far
// the components account for it.
//
// Code outside of the folders packages are installed in is taken for the
// function's own, as long as there are installed packages. Where there are
// none, it may be anything: a bundle holds many packages and names none.
func coverage(s *survey, components []fnpkg.Component, r result) []fnpkg.Coverage {
	shipped, bundled := map[string]int{}, map[string]int{}
	for _, c := range components {
		switch c.Origin {
		case fnpkg.OriginShipped:
			shipped[c.Type]++
		case fnpkg.OriginBundled:
			bundled[c.Type]++
		}
	}
	missed := map[string][]unread{}
	for _, u := range r.unread {
		missed[u.ecosystem] = append(missed[u.ecosystem], u)
	}

	files := map[string]int{
		"npm":      s.code["npm"] + len(s.npm) + len(s.metadata[yarnCache]),
		"pypi":     s.code["pypi"] + len(s.python),
		"golang":   r.programs + len(missed["golang"]),
		"maven":    s.code["maven"],
		"gem":      s.code["gem"] + len(s.metadata[gemSpec]),
		"composer": s.code["composer"] + len(s.metadata[composerList]),
		"nuget":    len(s.metadata[dotnetDeps]) + r.dotnet,
		"cargo":    r.crates,
		"apk":      len(s.metadata[apkDatabase]),
		"deb":      len(s.metadata[dpkgDatabase]),
		"rpm":      len(s.metadata[rpmDatabase]),
		"generic":  max(r.others, len(missed["generic"])),
	}
	if shipped["npm"] == 0 && shipped["pypi"] > 0 && len(s.own) == 0 && len(s.npm) == 0 {
		// Python packages bring scripts for browsers; they do not run here.
		delete(files, "npm")
	}
	for _, side := range []string{"gem", "composer"} {
		if shipped[side] == 0 && len(missed[side]) == 0 && len(components) > 0 && !s.mainly(side) {
			// Packages of one language bring scripts of others along.
			delete(files, side)
		}
	}
	if len(shipped) > 0 && !s.bootstrap() && len(missed["generic"]) == 0 {
		// Native libraries come with the packages that were found.
		delete(files, "generic")
	}

	var out []fnpkg.Coverage
	for ecosystem, n := range files {
		if n == 0 && shipped[ecosystem] == 0 {
			continue
		}
		row := fnpkg.Coverage{Ecosystem: ecosystem, State: fnpkg.CoverageComplete, Files: n}
		switch unread := missed[ecosystem]; {
		case ecosystem == "pypi" && bundled[ecosystem] > 0:
			row.State = fnpkg.CoveragePartial
			row.Reason = "package metadata (*.dist-info) was removed: only what a requirements or lock file in the package names could be recovered"
			if len(unread) > 0 {
				row.Reason += "; " + unreadReason(unread)
			}
		case shipped[ecosystem] == 0:
			row.State = fnpkg.CoverageNone
			row.Reason = noneReason(ecosystem, n)
			if ecosystem == "generic" && r.others == 0 {
				row.Reason = unreadReason(unread)
			} else if len(unread) > 0 {
				row.Reason += "; " + unreadReason(unread)
			}
		case len(unread) > 0:
			row.State = fnpkg.CoveragePartial
			row.Reason = unreadReason(unread)
		}
		if shipped[ecosystem] > 0 {
			row.Edges = edgesOf(ecosystem, row.State, r.loose[ecosystem])
		}
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b fnpkg.Coverage) int { return strings.Compare(a.Ecosystem, b.Ecosystem) })
	return out
}

// edgesOf says how complete the edges between an ecosystem's shipped packages
// are: all there are, where each package's own metadata names what it needs and
// nothing of it is unread or open.
func edgesOf(ecosystem string, state fnpkg.CoverageState, loose bool) fnpkg.CoverageState {
	switch ecosystem {
	case "npm", "pypi", "gem", "composer", "nuget", "cargo", "apk", "deb", "rpm":
		if state == fnpkg.CoverageComplete && !loose {
			return fnpkg.CoverageComplete
		}
		return fnpkg.CoveragePartial
	case "maven":
		// What a POM inherits from its parent, and an archive without one,
		// nothing in the package tells.
		return fnpkg.CoveragePartial
	case "golang":
		// The main module needs all of them; which of them need each other, a
		// binary does not say.
		return fnpkg.CoveragePartial
	}
	return ""
}

// bootstrap reports whether a custom runtime's entry point is among the files
// that may be executables.
func (s *survey) bootstrap() bool {
	for _, i := range s.programs {
		if s.entries[i].Path == "bootstrap" {
			return true
		}
	}
	return false
}

// mainly reports whether an ecosystem's code is what the package has most of.
func (s *survey) mainly(ecosystem string) bool {
	for other, n := range s.code {
		if other != ecosystem && n > s.code[ecosystem] {
			return false
		}
	}
	return true
}

func noneReason(ecosystem string, n int) string {
	switch ecosystem {
	case "npm":
		return plural(n, "JavaScript file") + " and no installed package: packages bundled into code are not recognised"
	case "pypi":
		return plural(n, "Python file") + " and no package metadata (*.dist-info): it may have been removed"
	case "golang":
		return plural(n, "Go executable") + " without readable build information"
	case "gem":
		return plural(n, "Ruby file") + " and no installed gem (specifications/*.gemspec)"
	case "composer":
		return plural(n, "PHP file") + " and no vendor/composer/installed.json"
	case "apk", "deb", "rpm":
		return plural(n, "package database") + " and no package in it"
	case "nuget":
		return plural(n, ".NET file") + " and no package in it"
	case "maven":
		return plural(n, "class file or archive") + " without Maven metadata"
	}
	return plural(n, "native executable") + " without a known kind of build information"
}

func unreadReason(files []unread) string {
	slices.SortFunc(files, func(a, b unread) int { return strings.Compare(a.path, b.path) })
	var b strings.Builder
	b.WriteString(plural(len(files), "file") + " could not be read as a package: ")
	for i, f := range files {
		if i == namedFiles {
			fmt.Fprintf(&b, " and %d more", len(files)-namedFiles)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(f.path)
		if f.reason != "" {
			b.WriteString(": " + f.reason)
		}
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if cut, ok := strings.CutSuffix(noun, "class file or archive"); ok {
		return fmt.Sprintf("%d %sclass files or archives", n, cut)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
