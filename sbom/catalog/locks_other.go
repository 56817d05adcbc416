package catalog

import (
	"bytes"
	"cmp"
	"context"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogOtherLocks lists what Gemfile.lock and composer.lock name, as
// catalogLocks does for the others.
func catalogOtherLocks(ctx context.Context, s *survey, begin func()) (result, error) {
	var r result
	for _, lock := range []struct {
		kind               metadataKind
		ecosystem, foundBy string
		parse              func([]byte) []composerPackage
	}{
		{lockOfGems, "gem", "ruby-lock", parseGemfileLock},
		{lockOfComposer, "composer", "php-lock", func(content []byte) []composerPackage {
			list, _ := parseComposer(content)
			return list
		}},
	} {
		for _, i := range s.metadata[lock.kind] {
			if err := ctx.Err(); err != nil {
				return result{}, err
			}
			begin()
			e := s.entries[i]
			content, err := readText(e, lockLimit)
			if err != nil {
				continue // nothing that is shipped is missed
			}
			for _, p := range lock.parse(content) {
				id, err := purl.New(lock.ecosystem, string(p.Name), string(p.Version))
				if err != nil || p.Version == "" {
					continue
				}
				r.finds = append(r.finds, find{
					purl: id, path: e.Path, origin: fnpkg.OriginDeclared, confidence: 1,
					licenses: eitherLicense(p.Licenses), foundBy: lock.foundBy,
					about: about{archive: cmp.Or(p.archive, p.about().archive)},
				})
			}
		}
	}
	return r, nil
}

// parseGemfileLock reads the gems in a Gemfile.lock: in the sections GEM and
// GIT, the lines of "NAME (VERSION)" indented by four. A version may have the
// platform behind a dash. What is in PATH is part of the function.
func parseGemfileLock(content []byte) []composerPackage {
	var out []composerPackage
	section := ""
	for line := range bytes.Lines(content) {
		s := strings.TrimRight(string(line), "\r\n")
		if s != "" && s[0] != ' ' {
			section = s
			continue
		}
		gem, ok := strings.CutPrefix(s, "    ")
		if !ok || gem == "" || gem[0] == ' ' || section != "GEM" && section != "GIT" {
			continue
		}
		name, version, ok := strings.Cut(gem, " (")
		version, closed := strings.CutSuffix(version, ")")
		version, _, _ = strings.Cut(version, "-")
		if !ok || !closed || version == "" {
			continue
		}
		out = append(out, composerPackage{Name: text(name), Version: text(version)})
	}
	sums := gemChecksums(content)
	for i, p := range out {
		out[i].archive.SHA256 = sums[string(p.Name)+" "+string(p.Version)]
	}
	return out
}

// gemChecksums reads the section CHECKSUMS of a Gemfile.lock, of lines
// "  NAME (VERSION) sha256=…", by name and version. A gem for one platform has
// that in its version, and is another archive.
func gemChecksums(content []byte) map[string]string {
	out := map[string]string{}
	_, section, _ := bytes.Cut(content, []byte("\nCHECKSUMS\n"))
	for line := range bytes.Lines(section) {
		s := strings.TrimRight(string(line), "\r\n")
		if !strings.HasPrefix(s, "  ") {
			break
		}
		name, rest, _ := strings.Cut(strings.TrimSpace(s), " (")
		version, sum, ok := strings.Cut(rest, ") sha256=")
		if ok {
			out[name+" "+version] = hexDigest(sum, 32)
		}
	}
	return out
}
