package manifest

import (
	"regexp"
	"strings"
)

// kind is a kind of manifest or lock file.
type kind struct {
	lock  bool
	types []string // the purl types it names
	form  form
}

// form is how a file names packages.
type form int

const (
	formJSONKey    form = iota // "name": …
	formNPMLock                // "node_modules/name": {
	formJSONName               // "name": "vendor/package"
	formYarn                   // name@range:
	formPnpm                   // name@version:
	formRequire                // name==1.0
	formTOMLName               // name = "package"
	formTOMLKey                // package = "1.0", or a list of requirements
	formGoMod                  // module v1.0.0
	formPOM                    // <artifactId>…</artifactId>
	formGradle                 // "group:artifact:1.0"
	formGemfile                // gem "name"
	formGemLock                //     name (1.0)
	formMSBuild                // Include="Name"
	formDockerfile             // FROM image
)

func (k kind) speaks(purlType string) bool {
	for _, t := range k.types {
		if t == purlType {
			return true
		}
	}
	return false
}

// kindOf tells a file by its base name.
func kindOf(base string) (kind, bool) {
	npm, pypi := []string{"npm"}, []string{"pypi"}
	switch base {
	case "package.json":
		return kind{types: npm, form: formJSONKey}, true
	case "package-lock.json", "npm-shrinkwrap.json":
		return kind{lock: true, types: npm, form: formNPMLock}, true
	case "yarn.lock":
		return kind{lock: true, types: npm, form: formYarn}, true
	case "pnpm-lock.yaml":
		return kind{lock: true, types: npm, form: formPnpm}, true
	case "pyproject.toml", "Pipfile":
		return kind{types: pypi, form: formTOMLKey}, true
	case "poetry.lock", "uv.lock", "pdm.lock":
		return kind{lock: true, types: pypi, form: formTOMLName}, true
	case "Pipfile.lock":
		return kind{lock: true, types: pypi, form: formJSONKey}, true
	case "go.mod":
		return kind{types: []string{"golang"}, form: formGoMod}, true
	case "pom.xml":
		return kind{types: []string{"maven"}, form: formPOM}, true
	case "build.gradle", "build.gradle.kts", "libs.versions.toml":
		return kind{types: []string{"maven"}, form: formGradle}, true
	case "gradle.lockfile":
		return kind{lock: true, types: []string{"maven"}, form: formGradle}, true
	case "Gemfile":
		return kind{types: []string{"gem"}, form: formGemfile}, true
	case "Gemfile.lock":
		return kind{lock: true, types: []string{"gem"}, form: formGemLock}, true
	case "composer.json":
		return kind{types: []string{"composer"}, form: formJSONKey}, true
	case "composer.lock":
		return kind{lock: true, types: []string{"composer"}, form: formJSONName}, true
	case "Cargo.toml":
		return kind{types: []string{"cargo"}, form: formTOMLKey}, true
	case "Cargo.lock":
		return kind{lock: true, types: []string{"cargo"}, form: formTOMLName}, true
	case "packages.lock.json":
		return kind{lock: true, types: []string{"nuget"}, form: formJSONKey}, true
	case "Directory.Packages.props":
		return kind{types: []string{"nuget"}, form: formMSBuild}, true
	case "Dockerfile", "Containerfile":
		return kind{types: []string{"deb", "apk", "rpm"}, form: formDockerfile}, true
	}
	switch {
	case strings.HasPrefix(base, "requirements") && strings.HasSuffix(base, ".txt"):
		return kind{types: pypi, form: formRequire}, true
	case strings.HasSuffix(base, ".csproj"), strings.HasSuffix(base, ".fsproj"):
		return kind{types: []string{"nuget"}, form: formMSBuild}, true
	}
	return kind{}, false
}

// matcher returns what tells whether line i names a package.
func (k kind) matcher(purlType, name string) func(lines []string, i int) bool {
	on := func(pattern string) func([]string, int) bool {
		re := regexp.MustCompile(pattern)
		spelled := "" // a lock file has tens of thousands of lines
		if purlType == "npm" || purlType == "gem" {
			spelled = name
		}
		return func(lines []string, i int) bool {
			return strings.Contains(lines[i], spelled) && re.MatchString(lines[i])
		}
	}
	q := quoteName(purlType, name)
	switch k.form {
	case formJSONKey:
		return on(`^\s*["']` + q + `["']\s*:`)
	case formNPMLock:
		return on(`^\s*"(?:(?:[^"]*/)?node_modules/)?` + q + `"\s*:\s*\{`)
	case formJSONName:
		return on(`^\s*"name"\s*:\s*"` + q + `"`)
	case formYarn:
		return on(`^(?:.*, )?"?` + q + `@`)
	case formPnpm:
		return on(`^\s+['"/]*` + q + `[@/]`)
	case formRequire:
		return on(`^\s*` + q + `\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@#\s]|$)`)
	case formTOMLName:
		return on(`^name\s*=\s*"` + q + `"`)
	case formTOMLKey:
		return on(`(?:^\s*["']?` + q + `["']?\s*=)|(?:["']` + q + `\s*(?:\[[^\]]*\])?\s*[=<>!~;@"'\s])`)
	case formGoMod:
		if name == "stdlib" || name == "toolchain" {
			return on(`^(?:toolchain|go)\s`)
		}
		return on(`^(?:require\s+|\s+)` + q + `\s+v`)
	case formPOM:
		return pomMatcher(name)
	case formGradle:
		group, artifact, _ := strings.Cut(name, ":")
		return on(`["':]?` + regexp.QuoteMeta(group) + `:` + regexp.QuoteMeta(artifact) + `(?:[:"'=]|$)`)
	case formGemfile:
		return on(`^\s*gem\s*\(?\s*["']` + q + `["']`)
	case formGemLock:
		return on(`^\s{4}` + q + `\s*\(`)
	case formMSBuild:
		return on(`(?:Include|Update)\s*=\s*"` + q + `"`)
	case formDockerfile:
		return on(`(?i)^\s*FROM\s`)
	}
	return func([]string, int) bool { return false }
}

// pomMatcher finds the artifactId of a dependency whose groupId is within a few
// lines.
func pomMatcher(name string) func([]string, int) bool {
	group, artifact, _ := strings.Cut(name, ":")
	groupTag, artifactTag := "<groupId>"+group+"</groupId>", "<artifactId>"+artifact+"</artifactId>"
	return func(lines []string, i int) bool {
		if !strings.Contains(lines[i], artifactTag) {
			return false
		}
		for j := max(0, i-3); j < min(len(lines), i+4); j++ {
			if strings.Contains(lines[j], groupTag) {
				return true
			}
		}
		return false
	}
}

// quoteName is the pattern of a name in all the spellings its ecosystem takes
// for the same.
func quoteName(purlType, name string) string {
	switch purlType {
	case "pypi": // PEP 503
		parts := regexp.MustCompile(`[-_.]+`).Split(name, -1)
		for i, p := range parts {
			parts[i] = regexp.QuoteMeta(p)
		}
		return `(?i:` + strings.Join(parts, `[-_.]+`) + `)`
	case "nuget", "composer", "golang":
		return `(?i:` + regexp.QuoteMeta(name) + `)`
	case "cargo":
		return strings.NewReplacer("_", "[-_]", "-", "[-_]").Replace(regexp.QuoteMeta(name))
	}
	return regexp.QuoteMeta(name)
}
