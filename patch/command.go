package patch

import (
	"regexp"
	"strings"
)

// Command is a command line to run where a package's source is.
type Command struct {
	Text string // for a POSIX shell
	Note string // when or where to run it; empty if that is plain
}

// Manager returns the package manager that a lock file of that base name
// belongs to; empty if it is none that is known.
func Manager(lockFile string) string {
	switch lockFile {
	case "package-lock.json", "npm-shrinkwrap.json":
		return "npm"
	case "yarn.lock":
		return "yarn"
	case "pnpm-lock.yaml":
		return "pnpm"
	case "bun.lock":
		return "bun"
	case "poetry.lock":
		return "poetry"
	case "uv.lock":
		return "uv"
	case "Pipfile.lock":
		return "pipenv"
	}
	return ""
}

// commands are the command lines that make an upgrade. Names and versions that
// no registry would admit give none: they come from SBOMs and feeds, and what
// they hold would be run.
func commands(u *Upgrade, managers []string) []Command {
	for _, text := range append(u.Packages, u.To, u.Name) {
		if !runnable(text) {
			return nil
		}
	}
	direct, transitive := false, false
	for _, p := range u.Places {
		direct = direct || p.Direct || len(p.Via) == 0
		transitive = transitive || len(p.Via) > 0
	}
	var out []Command
	for _, manager := range managers {
		out = append(out, command(u, manager, direct, transitive)...)
	}
	return out
}

// command writes the command lines of one package manager.
func command(u *Upgrade, manager string, direct, transitive bool) []Command {
	name, to := u.Name, u.To
	var out []Command
	add := func(note string, words ...string) {
		out = append(out, Command{Text: shell(words...), Note: note})
	}
	const pinned = "it comes through other packages: pin it until they move"
	switch u.Type {
	case "npm":
		switch manager {
		case "yarn":
			if direct {
				add("", "yarn", "up", name+"@"+to)
			}
			if transitive {
				add(pinned, "npm", "pkg", "set", "resolutions["+name+"]="+to)
				add("", "yarn", "install")
			}
		case "pnpm":
			if direct {
				add("", "pnpm", "add", name+"@"+to)
			}
			if transitive {
				add(pinned, "npm", "pkg", "set", "pnpm.overrides["+name+"]="+to)
				add("", "pnpm", "install")
			}
		case "bun":
			if direct {
				add("", "bun", "add", name+"@"+to)
			}
			if transitive {
				add(pinned, "npm", "pkg", "set", "overrides["+name+"]="+to)
				add("", "bun", "install")
			}
		default:
			if direct {
				add("", "npm", "install", name+"@"+to)
			}
			if transitive {
				add(pinned, "npm", "pkg", "set", "overrides["+name+"]="+to)
				add("", "npm", "install")
			}
		}
	case "pypi":
		switch manager {
		case "poetry":
			add("", "poetry", "add", name+">="+to)
		case "uv":
			add("", "uv", "add", name+">="+to)
		case "pipenv":
			add("", "pipenv", "install", name+">="+to)
		default:
			add("and in requirements.txt", "pip", "install", name+">="+to)
		}
	case "golang":
		switch name {
		case "stdlib", "toolchain":
			add("then build again", "go", "get", "toolchain@go"+strings.TrimPrefix(strings.TrimPrefix(to, "go"), "v"))
		default:
			add("then build again", "go", "get", name+"@v"+strings.TrimPrefix(to, "v"))
		}
	case "maven":
		group, artifact, _ := strings.Cut(name, ":")
		add(group+":"+artifact+":"+to+", in dependencyManagement where other packages bring it in",
			"mvn", "versions:use-dep-version", "-Dincludes="+name, "-DdepVersion="+to, "-DforceVersion=true")
	case "nuget":
		add("", "dotnet", "add", "package", name, "--version", to)
	case "gem":
		add("with \""+name+"\", \">= "+to+"\" in the Gemfile", "bundle", "update", name, "--conservative")
	case "composer":
		if direct {
			add("", "composer", "require", name+":^"+strings.TrimPrefix(to, "v"), "--update-with-dependencies")
		} else {
			add("", "composer", "update", name, "--with", name+":"+to)
		}
	case "cargo":
		for _, from := range u.From {
			if runnable(from.Version) {
				add("", "cargo", "update", "-p", name+"@"+from.Version, "--precise", to)
			}
		}
	case "pub":
		add("", "dart", "pub", "add", name+":^"+to)
	case "deb":
		words := []string{"apt-get", "install", "--only-upgrade"}
		for _, p := range u.Packages {
			words = append(words, p+"="+to)
		}
		add("in the image, or take a newer base image", words...)
	case "apk":
		words := []string{"apk", "add", "--upgrade"}
		for _, p := range u.Packages {
			words = append(words, p+">="+to)
		}
		add("in the image, or take a newer base image", words...)
	case "rpm":
		words := []string{"dnf", "upgrade"}
		for _, p := range u.Packages {
			words = append(words, p+"-"+to)
		}
		add("in the image, or take a newer base image", words...)
	}
	return out
}

// removals are the command lines that take a malicious package out.
func removals(f *Finding, managers []string) []Command {
	name := f.Component.Name
	if !runnable(name) {
		return nil
	}
	var out []Command
	for _, manager := range managers {
		switch f.Component.Type {
		case "npm":
			switch manager {
			case "yarn", "pnpm", "bun":
				out = append(out, Command{Text: shell(manager, "remove", name)})
			default:
				out = append(out, Command{Text: shell("npm", "uninstall", name)})
			}
		case "pypi":
			switch manager {
			case "poetry", "uv":
				out = append(out, Command{Text: shell(manager, "remove", name)})
			case "pipenv":
				out = append(out, Command{Text: shell("pipenv", "uninstall", name)})
			default:
				out = append(out, Command{Text: shell("pip", "uninstall", name)})
			}
		case "nuget":
			out = append(out, Command{Text: shell("dotnet", "remove", "package", name)})
		case "gem":
			out = append(out, Command{Text: shell("bundle", "remove", name)})
		case "cargo":
			out = append(out, Command{Text: shell("cargo", "remove", name)})
		case "composer":
			out = append(out, Command{Text: shell("composer", "remove", name)})
		}
	}
	return out
}

// registryName holds every name and version that a registry admits, and
// nothing that a shell, or a program that takes options, reads as anything
// else.
var registryName = regexp.MustCompile(`^[A-Za-z0-9@_][A-Za-z0-9@_./:+~^!-]*$`)

func runnable(text string) bool { return len(text) <= 256 && registryName.MatchString(text) }

// plainWord needs no quotes in any shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// shell joins words to a command line of a POSIX shell.
func shell(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if plainWord.MatchString(w) {
			quoted[i] = w
			continue
		}
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
