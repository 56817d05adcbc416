package vulndb

import "strings"

// canonicalPyPI brings a Python version into the one form that all spellings
// of it share (PEP 440, "Normalization"; release segments are compared with
// trailing zeros removed). It reports whether the text is a version at all.
//
// Feeds list thousands of versions per package, so this is a scanner by hand:
// the specification's regular expression takes a hundred times as long.
func canonicalPyPI(version string) (string, bool) {
	s := strings.Trim(version, " \t\n\f\r")
	if len(s) > maxVersionBytes {
		return "", false
	}
	s = strings.ToLower(s)
	s = strings.TrimPrefix(s, "v")

	var epoch string
	if digits, rest := leadingDigits(s); digits != "" && strings.HasPrefix(rest, "!") {
		epoch, s = trimZeros(digits), rest[1:]
	}

	digits, s := leadingDigits(s)
	if digits == "" {
		return "", false
	}
	release := []string{trimZeros(digits)}
	for len(s) > 1 && s[0] == '.' {
		digits, rest := leadingDigits(s[1:])
		if digits == "" {
			break
		}
		release, s = append(release, trimZeros(digits)), rest
	}
	for len(release) > 1 && release[len(release)-1] == "0" {
		release = release[:len(release)-1]
	}

	var b strings.Builder
	b.Grow(len(version))
	if epoch != "" && epoch != "0" {
		b.WriteString(epoch + "!")
	}
	b.WriteString(strings.Join(release, "."))

	if label, number, rest, ok := pep440Part(s, preLabel); ok {
		b.WriteString(label + number)
		s = rest
	}
	if len(s) > 1 && s[0] == '-' && isDigit(s[1]) { // 1.0-1 is 1.0.post1
		digits, rest := leadingDigits(s[1:])
		b.WriteString(".post" + trimZeros(digits))
		s = rest
	} else if label, number, rest, ok := pep440Part(s, postLabel); ok {
		b.WriteString("." + label + number)
		s = rest
	}
	if label, number, rest, ok := pep440Part(s, devLabel); ok {
		b.WriteString("." + label + number)
		s = rest
	}

	if s == "" {
		return b.String(), true
	}
	local, ok := pep440Local(s)
	return b.String() + local, ok
}

// pep440Part reads a separator, a label, a separator and a number, all but the
// label optional.
func pep440Part(s string, label func(string) (canonical string, length int)) (name, number, rest string, ok bool) {
	t := s
	if t != "" && isSeparator(t[0]) {
		t = t[1:]
	}
	name, n := label(t)
	if n == 0 {
		return "", "", s, false
	}
	t = t[n:]
	rest = t
	if t != "" && isSeparator(t[0]) {
		t = t[1:]
	}
	digits, after := leadingDigits(t)
	if digits == "" {
		return name, "0", rest, true // the separator belongs to what follows
	}
	return name, trimZeros(digits), after, true
}

func preLabel(s string) (string, int) {
	return firstLabel(s, [][2]string{
		{"alpha", "a"}, {"beta", "b"}, {"preview", "rc"}, {"pre", "rc"}, {"rc", "rc"}, {"c", "rc"}, {"a", "a"}, {"b", "b"},
	})
}

func postLabel(s string) (string, int) {
	return firstLabel(s, [][2]string{{"post", "post"}, {"rev", "post"}, {"r", "post"}})
}

func devLabel(s string) (string, int) {
	return firstLabel(s, [][2]string{{"dev", "dev"}})
}

func firstLabel(s string, labels [][2]string) (string, int) {
	for _, l := range labels {
		if strings.HasPrefix(s, l[0]) {
			return l[1], len(l[0])
		}
	}
	return "", 0
}

// pep440Local reads "+" and segments of letters and digits.
func pep440Local(s string) (string, bool) {
	if len(s) < 2 || s[0] != '+' {
		return "", false
	}
	out := []byte{'+'}
	segment := 0
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c) || 'a' <= c && c <= 'z':
			out = append(out, c)
			segment++
		case isSeparator(c) && segment > 0:
			out = append(out, '.')
			segment = 0
		default:
			return "", false
		}
	}
	return string(out), segment > 0
}

func leadingDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func trimZeros(digits string) string {
	if t := strings.TrimLeft(digits, "0"); t != "" {
		return t
	}
	return "0"
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' }
