package catalog

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fnseal/fnseal/fnpkg"
)

const (
	mavenFolder = "META-INF/maven/"

	// archiveMetadataLimit bounds the metadata of one archive, which may hold
	// that of all the archives that were merged into it.
	archiveMetadataLimit = 64 << 20

	// pomWordLimit bounds a group, artifact or version. Maven's own
	// repository allows less.
	pomWordLimit = 256
)

// pom is Maven's metadata of one package in an archive: pom.properties, which
// Maven writes when it packs, and pom.xml, the project's description.
type pom struct {
	folder                   string
	group, artifact, version string
	licenses                 []string
	about                    about
	needs                    []pomNeed // from pom.xml alone
	err                      error     // why some of it cannot be read
}

// complete reports whether the metadata names a package and its version.
func (p *pom) complete() bool { return p.group != "" && p.artifact != "" && p.version != "" }

// readPOMs reads all of Maven's metadata in an archive, by folder. The error
// is about what names no package because it cannot be read.
func readPOMs(entries []fnpkg.Entry) ([]*pom, error) {
	var all []*pom
	at := map[string]*pom{}
	var total int64
	for _, e := range entries {
		base := path.Base(e.Path)
		if !e.IsRegular() || !strings.HasPrefix(e.Path, mavenFolder) || base != "pom.properties" && base != "pom.xml" {
			continue
		}
		if total += e.Size; total > archiveMetadataLimit {
			return all, &fnpkg.LimitError{What: "bytes of Maven metadata in an archive", Limit: archiveMetadataLimit, Got: total}
		}
		p := at[path.Dir(e.Path)]
		if p == nil {
			p = &pom{folder: path.Dir(e.Path)}
			at[p.folder] = p
			all = append(all, p)
		}
		text, err := readText(e, manifestLimit)
		switch {
		case err != nil:
		case base == "pom.properties":
			p.readProperties(text)
		default:
			err = p.readProject(text)
		}
		if err != nil {
			p.err = fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	var out []*pom
	var failed []error
	for _, p := range all {
		if p.complete() {
			out = append(out, p)
		} else if p.err != nil {
			failed = append(failed, p.err)
		}
	}
	return out, errors.Join(failed...)
}

// readProperties takes group, artifact and version from pom.properties, whose
// word counts more than that of pom.xml.
func (p *pom) readProperties(text []byte) {
	properties := parseProperties(text)
	p.group = cmp.Or(mavenWord(properties["groupId"]), p.group)
	p.artifact = cmp.Or(mavenWord(properties["artifactId"]), p.artifact)
	p.version = cmp.Or(mavenWord(properties["version"]), p.version)
}

// mavenWord returns a group, artifact or version, and nothing for what cannot
// be one: a property that was never filled in, a text.
func mavenWord(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > pomWordLimit || strings.ContainsAny(s, " \t:/\\\"<>|?*${}@") || strings.ContainsFunc(s, isControl) {
		return ""
	}
	return s
}

// parseProperties reads a file of Java properties (java.util.Properties.load)
// whose values take one line, as those of a package do.
func parseProperties(text []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(text) {
		s := strings.TrimLeft(strings.TrimRight(string(line), "\r\n"), " \t\f")
		if s == "" || s[0] == '#' || s[0] == '!' {
			continue
		}
		end := 0
		for end < len(s) && !strings.ContainsRune("=: \t\f", rune(s[end])) {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(s))
		value := strings.TrimLeft(s[end:], " \t\f")
		if value != "" && (value[0] == '=' || value[0] == ':') {
			value = strings.TrimLeft(value[1:], " \t\f")
		}
		out[unescapeProperty(s[:end])] = unescapeProperty(value)
	}
	return out
}

func unescapeProperty(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'u' && i+4 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
				b.WriteRune(rune(n))
				i += 4
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// project is what of a pom.xml names the package and its licences. Group and
// version not stated are the parent's.
type project struct {
	Group    string `xml:"groupId"`
	Artifact string `xml:"artifactId"`
	Version  string `xml:"version"`
	Parent   struct {
		Group   string `xml:"groupId"`
		Version string `xml:"version"`
	} `xml:"parent"`
	Licenses []pomLicense `xml:"licenses>license"`

	Needs []pomDependency `xml:"dependencies>dependency"`

	Organization pomParty   `xml:"organization"`
	Developers   []pomParty `xml:"developers>developer"`
	SCM          struct {
		URL        string `xml:"url"`
		Connection string `xml:"connection"`
	} `xml:"scm"`
}

// pomParty is an organisation or a developer of a pom.xml.
type pomParty struct {
	Name         string `xml:"name"`
	Email        string `xml:"email"`
	URL          string `xml:"url"`
	Organization string `xml:"organization"`
}

// about says who made the project: its organisation, or else the first of its
// developers; of an organisation without an address, the first developer's.
func (x project) about() about {
	a := about{producer: party(x.Organization.Name, "", x.Organization.URL)}
	if len(x.Developers) > 0 {
		d := x.Developers[0]
		p := party(cmp.Or(d.Name, d.Organization), d.Email, d.URL)
		switch {
		case a.producer.IsZero():
			a.producer = p
		case a.producer.URL == "":
			a.producer.Email, a.producer.URL = p.Email, p.URL
		}
	}
	a.source = cmp.Or(sourceURL(x.SCM.URL), sourceURL(x.SCM.Connection))
	return a
}

// readProject completes p from a pom.xml.
func (p *pom) readProject(text []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(cutBuild(text)))
	decoder.CharsetReader = latin1
	decoder.Strict = false // for entities of HTML in names of people
	decoder.Entity = xml.HTMLEntity
	var x project
	if err := decoder.Decode(&x); err != nil {
		return fmt.Errorf("not a readable project description: %w", err)
	}
	p.group = cmp.Or(p.group, mavenWord(x.Group), mavenWord(x.Parent.Group))
	p.artifact = cmp.Or(p.artifact, mavenWord(x.Artifact))
	p.version = cmp.Or(p.version, mavenWord(x.Version), mavenWord(x.Parent.Version))
	for _, l := range x.Licenses {
		p.licenses = append(p.licenses, l.words())
	}
	p.about = x.about()
	for _, d := range x.Needs {
		if need, ok := d.need(p); ok {
			p.needs = append(p.needs, need)
		}
	}
	return nil
}

// pomNeed is a package that another needs to run, as Maven compares them: which
// version that is, the build decides.
type pomNeed struct{ group, artifact string }

// pomDependency is a dependency of a pom.xml.
type pomDependency struct {
	Group    string `xml:"groupId"`
	Artifact string `xml:"artifactId"`
	Scope    string `xml:"scope"`
}

// need returns what a dependency names if it is one for running. Of the
// properties a POM may use, those of the project itself are known.
func (d pomDependency) need(p *pom) (pomNeed, bool) {
	switch strings.TrimSpace(d.Scope) {
	case "", "compile", "runtime":
	default: // test, provided, system, import
		return pomNeed{}, false
	}
	known := strings.NewReplacer("${project.groupId}", p.group, "${pom.groupId}", p.group, "${groupId}", p.group, "${project.artifactId}", p.artifact)
	n := pomNeed{mavenWord(known.Replace(d.Group)), mavenWord(known.Replace(d.Artifact))}
	return n, n.group != "" && n.artifact != ""
}

// buildElements are the parts of a POM that say how a package is built. They are most of its length. Those that contain
// others come first.
var buildElements = []string{
	"profiles", "build", "reporting", "dependencyManagement", "distributionManagement",
	"contributors", "mailingLists",
}

// cutBuild removes these parts, which take most of the time to parse. If what
// is left is no XML any more, there remain Maven's properties.
func cutBuild(pom []byte) []byte {
	for _, name := range buildElements {
		begin := bytes.Index(pom, []byte("<"+name+">"))
		end := bytes.LastIndex(pom, []byte("</"+name+">"))
		if begin >= 0 && end > begin {
			pom = slices.Concat(pom[:begin], pom[end+len(name)+3:])
		}
	}
	// Of the developers the first one is of use.
	const end = "</developer>"
	first, last := bytes.Index(pom, []byte(end)), bytes.LastIndex(pom, []byte(end))
	if first >= 0 && last > first {
		pom = slices.Concat(pom[:first], pom[last:])
	}
	return pom
}

// latin1 reads text that is not in UTF-8, one byte a character: what names a
// package has ASCII letters only.
func latin1(_ string, in io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(in, manifestLimit))
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(fromLatin1(text)), nil
}

func fromLatin1(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/8)
	for _, b := range text {
		out = utf8.AppendRune(out, rune(b))
	}
	return out
}
