package bundle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Caps of one source map. The largest seen in functions have some ten thousand
// sources.
const (
	maxMapBytes   = 512 << 20
	maxMapSources = 200_000
	maxSections   = 10_000
	// keptContent is how much of a source's text is looked into: a whole
	// package.json, the banner and constants of anything else.
	keptContent = 64 << 10
)

// sourceMap is what a source map (ECMA-426) tells of packages.
type sourceMap struct {
	sources  int      // that the map lists
	modules  []module // those within packages, in order
	manifest []named  // package.json texts among the sources: place, name, version
	versions []named  // versions that sources state about their own package
}

// named is what a source's own text says.
type named struct {
	module
	detail string
}

// clue is what the text of one source says of its package, whatever its path.
type clue struct {
	name, version string // of a package.json
	banner        banner
	constant      string // VERSION = "…"
}

// readMap reads a source map, also one of sections. It keeps no mappings, and
// of the sources' texts only what names a version.
func readMap(r io.Reader) (*sourceMap, error) {
	in := bufio.NewReaderSize(r, 4<<10)
	// A line against inclusion as a script may stand in front.
	if head, _ := in.Peek(3); string(head) == ")]}" {
		if _, err := in.ReadSlice('\n'); err != nil {
			return nil, errors.New("no source map follows the line that protects it")
		}
	}
	var m sourceMap
	if err := m.read(newStream(in, maxMapBytes), false); err != nil {
		return nil, err
	}
	return &m, nil
}

func (m *sourceMap) read(s *stream, inSection bool) error {
	var root string
	var sources []string
	clues := map[int]clue{}
	text := make([]byte, 0, keptContent)
	isMap := false
	err := s.object(func(key string) (err error) {
		c, err := s.peek()
		if err != nil {
			return err
		}
		switch {
		case key == "sourceRoot" && c == '"':
			text, err = s.text(text[:0], maxPath+1)
			root = string(text)
			return err
		case key == "sources" && c == '[':
			isMap = true
			return s.array(func(int) error {
				if len(sources)+m.sources >= maxMapSources {
					return fmt.Errorf("it lists more than %d sources", maxMapSources)
				}
				if c, err := s.peek(); err != nil || c != '"' {
					sources = append(sources, "")
					return cmpErr(err, s.skip)
				}
				text, err = s.text(text[:0], maxPath+1)
				sources = append(sources, string(text))
				return err
			})
		case key == "sourcesContent" && c == '[':
			return s.array(func(i int) error {
				if i >= maxMapSources {
					return fmt.Errorf("it has more than %d texts", maxMapSources)
				}
				if c, err := s.peek(); err != nil || c != '"' {
					return cmpErr(err, s.skip)
				}
				if text, err = s.text(text[:0], keptContent); err != nil {
					return err
				}
				if found, ok := readClue(text); ok {
					clues[i] = found
				}
				return nil
			})
		case key == "sections" && c == '[' && !inSection:
			isMap = true
			return s.array(func(i int) error {
				if i >= maxSections {
					return fmt.Errorf("it has more than %d sections", maxSections)
				}
				return s.object(func(key string) error {
					if c, err := s.peek(); err != nil || key != "map" || c != '{' {
						return cmpErr(err, s.skip)
					}
					return m.read(s, true)
				})
			})
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if !isMap && !inSection {
		return errors.New("it has neither sources nor sections")
	}
	m.sources += len(sources)
	for i, source := range sources {
		if root != "" && !strings.Contains(source, "://") {
			source = strings.TrimSuffix(root, "/") + "/" + source
		}
		if in, ok := moduleOf(source); ok {
			m.add(in, clues[i])
		}
	}
	return nil
}

// cmpErr returns err, or what next returns if there is none.
func cmpErr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func (m *sourceMap) add(in module, c clue) {
	m.modules = append(m.modules, in)
	switch {
	case in.file == "package.json" && c.version != "" && ValidName(c.name):
		in.name, in.version = c.name, c.version
		m.manifest = append(m.manifest, named{in, fmt.Sprintf("package.json of %s in sourcesContent", in.name)})
	case c.banner.version != "" && sameTitle(c.banner.title, in.name):
		in.version = c.banner.version
		m.versions = append(m.versions, named{in, c.banner.line})
	case c.constant != "" && known().constant[in.name]:
		in.version = c.constant
		m.versions = append(m.versions, named{in, "VERSION = " + c.constant + " in " + path.Base(in.file)})
	}
}

// readClue looks into a source's text.
func readClue(text []byte) (c clue, ok bool) {
	trimmed := bytes.TrimLeft(text, " \t\r\n\xef\xbb\xbf")
	if len(trimmed) == 0 {
		return c, false
	}
	if trimmed[0] == '{' {
		var p struct{ Name, Version string }
		if json.Unmarshal(trimmed, &p) == nil && ValidVersion(p.Version) {
			c.name, c.version = p.Name, p.Version
		}
		return c, c.version != ""
	}
	if comment, ok := bytes.CutPrefix(trimmed, []byte("/*")); ok {
		if end := bytes.Index(comment, []byte("*/")); end >= 0 && end <= maxComment {
			c.banner, _ = readBanner(string(comment[:end]))
		}
	}
	c.constant = versionConstant(text)
	return c, c.banner.version != "" || c.constant != ""
}

// versionConstant returns the value of the one constant VERSION or version that
// the head of a source assigns; none if there are two.
func versionConstant(text []byte) string {
	const head = 16 << 10
	text = text[:min(head, len(text))]
	found := ""
	for _, word := range []string{"VERSION", "version"} {
		for at := 0; ; {
			i := bytes.Index(text[at:], []byte(word))
			if i < 0 {
				break
			}
			start := at + i
			at = start + len(word)
			if start > 0 && isWordByte(text[start-1]) {
				continue
			}
			rest := bytes.TrimLeft(text[at:min(at+maxVersion+8, len(text))], " ")
			if len(rest) < 3 || rest[0] != '=' {
				continue
			}
			rest = bytes.TrimLeft(rest[1:], " ")
			if len(rest) < 3 || rest[0] != '"' && rest[0] != '\'' {
				continue
			}
			n := versionLength(string(rest[1:]))
			if n == 0 || 1+n >= len(rest) || rest[1+n] != rest[0] {
				continue
			}
			if v := string(rest[1 : 1+n]); found == "" {
				found = v
			} else if found != v {
				return ""
			}
		}
	}
	return found
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}
