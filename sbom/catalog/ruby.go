package catalog

import (
	"context"
	"slices"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// catalogRuby finds installed gems by the specifications RubyGems writes for
// them, in vendor/bundle, a layer's ruby/gems or an image's own folders.
func catalogRuby(ctx context.Context, s *survey, begin func()) (result, error) {
	specs := s.metadata[gemSpec]
	gems := make([]gem, len(specs))
	errs := make([]error, len(specs))
	err := each(ctx, len(specs), func(_ context.Context, i int) error {
		begin()
		var text []byte
		if text, errs[i] = readText(s.entries[specs[i]], manifestLimit); errs[i] == nil {
			gems[i], errs[i] = parseGemspec(text)
		}
		return nil
	})
	if err != nil {
		return result{}, err
	}

	var r result
	type site struct{ home, name string }
	at := map[site][]string{} // purls
	ids := make([]purl.Purl, len(specs))
	for i, n := range specs {
		file := s.entries[n].Path
		if errs[i] == nil {
			ids[i], errs[i] = purl.New("gem", gems[i].name, gems[i].version)
		}
		if errs[i] != nil {
			r.unread = append(r.unread, unread{"gem", file, errs[i].Error()})
			continue
		}
		r.finds = append(r.finds, find{
			purl: ids[i], path: file, origin: fnpkg.OriginShipped, confidence: 1,
			licenses: spdxLicenses(gems[i].licenses...), foundBy: "ruby-installed-gemspec", about: gems[i].about,
			tree: gemTree(file),
		})
		here := site{gemHome(file), ids[i].Name}
		if !slices.Contains(at[here], ids[i].Text) {
			at[here] = append(at[here], ids[i].Text)
		}
	}
	for i, g := range gems {
		if errs[i] != nil {
			continue
		}
		for _, need := range g.needs {
			// With several versions of a gem in one home, which is loaded is
			// settled at run time.
			switch found := at[site{gemHome(s.entries[specs[i]].Path), need}]; len(found) {
			case 0:
			case 1:
				r.edges = append(r.edges, fnpkg.Edge{From: ids[i].Text, To: found[0]})
			default:
				r.loose = map[string]bool{"gem": true}
			}
		}
	}
	return r, nil
}
