package catalog

import (
	"maps"
	"strings"

	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/pkg"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// find is one package at one place, before finds of the same purl are merged
// into a component.
type find struct {
	purl       purl.Purl
	path       string
	origin     fnpkg.Origin
	confidence float64
	licenses   []fnpkg.License
	sha256     string
	sha512     string
	foundBy    string
	texts      []fnpkg.LicenseText
	evidence   []fnpkg.Evidence // of what was recovered
	tree       *tree            // where it is one and lies in the package itself
	about
}

// result is what one technique brings.
type result struct {
	finds  []find
	edges  []fnpkg.Edge
	unread []unread

	// programs counts executables of the technique's language, and others
	// those of no known language.
	programs, others int

	// loose has the ecosystems of which some edges could not be told.
	loose map[string]bool

	java []javaNeeds // what the Java packages need, before it is known what there is

	unhashed bool // components that are one file get no hashes

	crates, dotnet int // executables with a list of crates, .NET applications of one file

	code map[string]int // code files in archives, per ecosystem
}

// addCode counts code files.
func (r *result) addCode(code map[string]int) {
	if r.code == nil && len(code) > 0 {
		r.code = map[string]int{}
	}
	for ecosystem, n := range code {
		r.code[ecosystem] += n
	}
}

// add adds what another technique, or the same elsewhere, brings.
func (r *result) add(o result) {
	r.finds = append(r.finds, o.finds...)
	r.edges = append(r.edges, o.edges...)
	r.unread = append(r.unread, o.unread...)
	r.programs += o.programs
	r.others += o.others
	r.crates += o.crates
	r.dotnet += o.dotnet
	r.java = append(r.java, o.java...)
	r.addCode(o.code)
	if r.loose == nil {
		r.loose = map[string]bool{}
	}
	maps.Copy(r.loose, o.loose)
}

// join makes one result of several.
func join(results []result) result {
	var all result
	for _, r := range results {
		all.add(r)
	}
	return all
}

// unread is a file that should have told of a package and did not.
type unread struct {
	ecosystem string
	path      string
	reason    string
}

// licenseWords bounds a licence in its own words: beyond it stands a licence's
// text, which is not what the field is for.
const licenseWords = 200

// licensesOf returns the licences a package states about itself. Texts that
// would first have to be classified are left out.
func licensesOf(p pkg.Package) []fnpkg.License {
	var out []fnpkg.License
	for _, l := range p.Licenses.ToSlice() {
		switch words := strings.TrimSpace(l.Value); {
		case l.SPDXExpression != "":
			out = append(out, fnpkg.License{Expression: l.SPDXExpression})
		case words == "" || strings.HasPrefix(words, "sha256:") || len(words) > licenseWords || strings.ContainsFunc(words, isControl):
		default:
			out = append(out, spdxLicenses(words)...)
		}
	}
	return out
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// placeOf returns the file that identifies a package.
func placeOf(p pkg.Package) file.Coordinates {
	for _, at := range p.Locations.ToSlice() {
		if kind := at.Annotations[pkg.EvidenceAnnotationKey]; kind == "" || kind == pkg.PrimaryEvidenceAnnotation {
			return at.Coordinates
		}
	}
	return file.Coordinates{}
}
