package catalog

import (
	"cmp"
	"strings"
)

// pomLicense is a licence as a POM states it.
type pomLicense struct {
	Name string `xml:"name"`
	URL  string `xml:"url"`
}

// words returns the SPDX id of a licence where its name or its address has
// one, and else its name.
func (l pomLicense) words() string {
	name, url := strings.Join(strings.Fields(l.Name), " "), strings.TrimSpace(l.URL)
	return cmp.Or(javaLicenseID(name), javaLicenseID(url), name, url)
}

// javaLicenseID returns the SPDX id of a licence by the names and addresses
// that are in use with Java packages. Names that leave the version or variant
// open have none.
func javaLicenseID(s string) string {
	s = strings.ToLower(s)
	if _, address, ok := strings.Cut(s, "://"); ok {
		address = strings.TrimPrefix(address, "www.")
		address = strings.TrimSuffix(strings.TrimSuffix(address, "/"), ".php")
		for _, ext := range []string{".txt", ".html", ".htm", ".md"} {
			address = strings.TrimSuffix(address, ext)
		}
		return javaLicenseAddresses[address]
	}
	s = strings.NewReplacer(",", "", "(", "", ")", "", "licence", "license").Replace(s)
	s = strings.TrimPrefix(s, "the ")
	return javaLicenseNames[s]
}

var javaLicenseAddresses = map[string]string{
	"apache.org/licenses/license-2.0":            "Apache-2.0",
	"opensource.org/licenses/apache-2.0":         "Apache-2.0",
	"opensource.org/licenses/apache2.0":          "Apache-2.0",
	"repository.jboss.org/licenses/apache-2.0":   "Apache-2.0",
	"creativecommons.org/publicdomain/zero/1.0":  "CC0-1.0",
	"eclipse.org/legal/epl-2.0":                  "EPL-2.0",
	"eclipse.org/legal/epl-v10":                  "EPL-1.0",
	"eclipse.org/legal/epl-v20":                  "EPL-2.0",
	"eclipse.org/org/documents/edl-v10":          "BSD-3-Clause",
	"eclipse.org/org/documents/epl-2.0/epl-2.0":  "EPL-2.0",
	"gnu.org/software/classpath/license":         "GPL-2.0-only WITH Classpath-exception-2.0",
	"mozilla.org/mpl/2.0":                        "MPL-2.0",
	"mozilla.org/mpl/mpl-1.1":                    "MPL-1.1",
	"opensource.org/licenses/bsd-2-clause":       "BSD-2-Clause",
	"opensource.org/licenses/bsd-3-clause":       "BSD-3-Clause",
	"opensource.org/licenses/cddl-1.0":           "CDDL-1.0",
	"opensource.org/licenses/mit":                "MIT",
	"opensource.org/licenses/mit-license":        "MIT",
	"opensource.org/licenses/upl":                "UPL-1.0",
	"repository.jboss.org/licenses/cddl":         "CDDL-1.0",
	"repository.jboss.org/licenses/gpl-2.0-ce":   "GPL-2.0-only WITH Classpath-exception-2.0",
	"oss.oracle.com/licenses/upl":                "UPL-1.0",
	"glassfish.java.net/public/cddl+gpl_1_1":     "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0",
	"glassfish.dev.java.net/public/cddl+gpl_1_1": "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0",
	"oss.oracle.com/licenses/cddl+gpl-1.1":       "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0",
	"jsoup.org/license":                          "MIT",
	"jdbc.postgresql.org/about/license":          "BSD-2-Clause",
}

var javaLicenseNames = map[string]string{
	"apache 2":                               "Apache-2.0",
	"apache 2.0":                             "Apache-2.0",
	"apache license 2.0":                     "Apache-2.0",
	"apache license version 2.0":             "Apache-2.0",
	"apache license v2.0":                    "Apache-2.0",
	"apache software license 2.0":            "Apache-2.0",
	"apache software license version 2.0":    "Apache-2.0",
	"asl 2.0":                                "Apache-2.0",
	"bsd 2-clause license":                   "BSD-2-Clause",
	"bsd 3-clause license":                   "BSD-3-Clause",
	"eclipse distribution license - v 1.0":   "BSD-3-Clause",
	"eclipse distribution license v. 1.0":    "BSD-3-Clause",
	"eclipse public license - v 1.0":         "EPL-1.0",
	"eclipse public license - v 2.0":         "EPL-2.0",
	"eclipse public license v1.0":            "EPL-1.0",
	"eclipse public license v2.0":            "EPL-2.0",
	"edl 1.0":                                "BSD-3-Clause",
	"epl 2.0":                                "EPL-2.0",
	"gpl2 w/ cpe":                            "GPL-2.0-only WITH Classpath-exception-2.0",
	"mit license":                            "MIT",
	"mpl 1.1":                                "MPL-1.1",
	"mpl 2.0":                                "MPL-2.0",
	"public domain per creative commons cc0": "CC0-1.0",
}

// manifestLicenses returns what a manifest says of licences (OSGi's
// Bundle-License): names or addresses, with directives behind a ";".
func manifestLicenses(m javaManifest) []string {
	stated := cmp.Or(m["bundle-license"], m["plugin-license-name"])
	if strings.HasPrefix(stated, "<<") { // <<EXTERNAL>>: a file in the archive
		return nil
	}
	several := []string{stated}
	if strings.HasPrefix(stated, "http") { // a comma in a name separates nothing
		several = strings.Split(stated, ",")
	}
	var out []string
	for _, l := range several {
		l, _, _ = strings.Cut(l, ";")
		if l = strings.Trim(l, `" `); l != "" {
			out = append(out, cmp.Or(javaLicenseID(l), l))
		}
	}
	return out
}
