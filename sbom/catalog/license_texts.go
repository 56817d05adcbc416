package catalog

import (
	"bytes"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/fnseal/fnseal/fnpkg"
)

const (
	// licenseTextLimit bounds one file with the text of licences. The longest
	// in use is that of a browser's third parties, of some hundred kilobytes.
	licenseTextLimit = 1 << 20

	// licenseFiles bounds how many such files of one component are read.
	licenseFiles = 32
)

// isLicenseFile reports whether a file goes by one of the names under which
// packages keep their licence.
func isLicenseFile(base string) bool {
	stem := strings.ToLower(base)
	switch path.Ext(stem) {
	case ".js", ".mjs", ".cjs", ".ts", ".py", ".pyc", ".rb", ".php", ".class", ".json", ".map", ".xml":
		return false // code or data that happens to be called so
	}
	for _, name := range []string{"license", "licence", "copying", "unlicense", "notice", "copyright"} {
		if rest, ok := strings.CutPrefix(stem, name); ok && (rest == "" || strings.ContainsAny(rest[:1], ".-_s")) {
			return true
		}
	}
	return false
}

// readTexts returns the licence files right in a folder, or in a folder
// "licenses" of it. prefix is put in front of their paths. What is too long or
// no text is left out.
func readTexts(entries []fnpkg.Entry, folder, prefix string) []fnpkg.LicenseText {
	within := ""
	if folder != "" {
		within = folder + "/"
	}
	var out []fnpkg.LicenseText
	begin := sort.Search(len(entries), func(i int) bool { return entries[i].Path >= within })
	for _, e := range entries[begin:] {
		rest, ok := strings.CutPrefix(e.Path, within)
		if !ok || len(out) == licenseFiles {
			break
		}
		inner, base := path.Split(rest)
		if !e.IsRegular() || inner == "" && !isLicenseFile(base) || inner != "" && !strings.HasPrefix(inner, "licenses/") {
			continue
		}
		content, err := readText(e, licenseTextLimit)
		if err != nil || bytes.IndexByte(content, 0) >= 0 {
			continue
		}
		if !utf8.Valid(content) {
			content = fromLatin1(content)
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(content), "\r\n", "\n"))
		if text = strings.Map(printable, text); text != "" {
			out = append(out, fnpkg.LicenseText{Path: prefix + e.Path, Text: text + "\n"})
		}
	}
	return out
}

// printable drops what documents cannot hold: control characters but for tabs
// and ends of lines.
func printable(r rune) rune {
	if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
		return -1
	}
	return r
}

// addTexts adds the licence files of the components that lie in folders of
// their own, and those that were found in archives.
func addTexts(inv *fnpkg.Inventory, finds []find, s *survey) {
	at := map[string]int{}
	for i, c := range inv.Components {
		if c.Origin == fnpkg.OriginShipped {
			at[c.PURL] = i
		}
	}
	for _, f := range finds {
		i, ok := at[f.purl.Text]
		if !ok || f.origin != fnpkg.OriginShipped {
			continue
		}
		texts := f.texts
		switch {
		case f.tree == nil:
		case f.tree.record != "":
			texts = readTexts(s.entries, path.Dir(f.path), "")
		default:
			texts = readTexts(s.entries, f.tree.folder, "")
		}
		if f.purl.Type == "deb" {
			texts = debianTexts(s, f.purl.Name)
		}
		c := &inv.Components[i]
		c.LicenseTexts = append(c.LicenseTexts, texts...)
	}
	for i := range inv.Components {
		c := &inv.Components[i]
		slices.SortFunc(c.LicenseTexts, func(a, b fnpkg.LicenseText) int { return strings.Compare(a.Path, b.Path) })
		c.LicenseTexts = slices.Compact(c.LicenseTexts)
	}
}
