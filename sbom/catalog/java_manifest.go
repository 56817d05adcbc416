package catalog

import (
	"bufio"
	"cmp"
	"io"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

const manifestPath = "META-INF/MANIFEST.MF"

// manifestHeadLimit bounds the main section of a manifest. What follows it, a
// section for each signed entry, is not read.
const manifestHeadLimit = 1 << 20

// javaManifest holds the attributes of a manifest's main section, by their
// names in lower case: names are the same in any case.
type javaManifest map[string]string

// get returns an attribute without the directives OSGi puts behind a ";".
func (m javaManifest) get(name string) string {
	value, _, _ := strings.Cut(m[strings.ToLower(name)], ";")
	return strings.TrimSpace(value)
}

// about says who made an archive and where its source is, as far as a manifest
// does (the JAR specification's vendor, OSGi's headers).
func (m javaManifest) about() about {
	vendor := words(cmp.Or(m.get("Bundle-Vendor"), m.get("Implementation-Vendor"), m.get("Specification-Vendor")))
	a := about{producer: fnpkg.Party{Name: vendor}}
	if vendor != "" {
		a.producer.URL = webAddress(cmp.Or(m.get("Bundle-DocURL"), m.get("Implementation-URL"), m.get("Implementation-Url")))
	}
	if _, rest, ok := strings.Cut(m["bundle-scm"], "url="); ok {
		address, _, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `"`)
		address, _, _ = strings.Cut(address, ",")
		a.source = sourceURL(address)
	}
	return a
}

// readManifest reads the main section of a manifest.
func readManifest(e fnpkg.Entry) (javaManifest, error) {
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return parseManifest(io.LimitReader(c, manifestHeadLimit))
}

// parseManifest reads up to the first empty line, by the JAR file
// specification ("Notes on Manifest and Signature Files"): a line ends in CR
// LF, LF or CR, and one that begins with a space goes on with the value before
// it, wherever that was cut, even within a character.
func parseManifest(r io.Reader) (javaManifest, error) {
	m := javaManifest{}
	var name string
	var value []byte
	keep := func() {
		if _, twice := m[name]; name != "" && !twice {
			m[name] = strings.TrimSpace(strings.ToValidUTF8(string(value), "\uFFFD"))
		}
		name = ""
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4<<10), manifestHeadLimit+1)
	lines.Split(splitManifestLine)
	for lines.Scan() {
		line := lines.Bytes()
		switch {
		case len(line) == 0 && len(m) == 0 && name == "":
			// Some tools begin with an empty line.
		case len(line) == 0:
			keep()
			return m, nil
		case line[0] == ' ':
			value = append(value, line[1:]...)
		default:
			keep()
			before, after, ok := strings.Cut(string(line), ":")
			if ok {
				name = strings.ToLower(strings.TrimSpace(before))
			}
			value = append(value[:0], after...)
		}
	}
	keep()
	return m, lines.Err()
}

// splitManifestLine is a bufio.SplitFunc for the three line ends.
func splitManifestLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, b := range data {
		switch b {
		case '\n':
			return i + 1, data[:i], nil
		case '\r':
			if i+1 == len(data) && !atEOF {
				return 0, nil, nil // the next byte tells whether the end is CR LF
			}
			if i+1 < len(data) && data[i+1] == '\n' {
				return i + 2, data[:i], nil
			}
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
