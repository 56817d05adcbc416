package bundle

// maxName is the length npm allows a name, scope included.
const maxName = 214

// ValidName reports whether name can be that of an npm package: [@scope/]name
// of the characters npm lets into a URL unescaped. Upper case is allowed, as
// the oldest packages have it.
func ValidName(name string) bool {
	if len(name) > maxName {
		return false
	}
	if len(name) > 0 && name[0] == '@' {
		for i := 1; i < len(name); i++ {
			if name[i] == '/' {
				return validPart(name[1:i], true) && validPart(name[i+1:], true)
			}
		}
		return false
	}
	return validPart(name, false) && name != "node_modules" && name != "favicon.ico"
}

// validPart checks a scope or a name. What begins with a dot is a folder of
// some tool (.pnpm, .cache), never a package; within a scope npm is as strict.
func validPart(s string, scoped bool) bool {
	if s == "" || s[0] == '.' || s[0] == '_' && !scoped {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}

// ValidVersion reports whether version is a full semantic version, as every
// package of the npm registry has: three numbers, then perhaps a pre-release
// and build metadata. Ranges, tags and partial versions are none.
func ValidVersion(version string) bool {
	n := versionLength(version)
	return n > 0 && n == len(version)
}

// maxVersion bounds a version; the longest published ones are snapshots of
// some 60 characters.
const maxVersion = 128

// versionLength returns the length of the longest semantic version at the
// start of s, or 0.
func versionLength(s string) int {
	i := 0
	for part := range 3 {
		if part > 0 {
			if i >= len(s) || s[i] != '.' {
				return 0
			}
			i++
		}
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i == start || i-start > 16 || i-start > 1 && s[start] == '0' {
			return 0
		}
	}
	for _, lead := range []byte{'-', '+'} {
		if i < len(s) && s[i] == lead {
			if n := identifiers(s[i+1:]); n > 0 {
				i += 1 + n
			}
		}
	}
	if i > maxVersion {
		return 0
	}
	return i
}

// identifiers returns the length of the dot-separated identifiers at the start
// of s.
func identifiers(s string) int {
	end := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isIdentifierByte(s[i]) {
			continue
		}
		if i == end && end > 0 || i == 0 || s[i-1] == '.' {
			return end
		}
		end = i
		if i == len(s) || s[i] != '.' {
			return end
		}
	}
	return end
}

func isIdentifierByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}
