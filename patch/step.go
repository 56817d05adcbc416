package patch

import (
	"strconv"
	"strings"
)

// stepBetween says how large the step from one version to another is.
//
// Where the ecosystem resolves carets, the leftmost number that is not zero
// decides, as ^ does (npm, Cargo, Composer, Pub, Hex): from 0.2.1 to 0.3.0 is a
// major step. Elsewhere the first number is the major one and the second the
// minor one. Distributions patch a release within itself: every step of theirs
// is a patch.
func stepBetween(purlType, from, to string) Step {
	switch purlType {
	case "deb", "apk", "rpm":
		return StepPatch
	}
	a, b := numbers(from), numbers(to)
	switch {
	case a[0] != b[0], a[1] != b[1]: // the epoch, then the first number
		return StepMajor
	case a[2] != b[2]:
		if a[1] == 0 && usesCarets(purlType) {
			return StepMajor
		}
		return StepMinor
	case a[1] == 0 && a[2] == 0 && a[3] != b[3] && usesCarets(purlType):
		return StepMajor
	}
	return StepPatch
}

func usesCarets(purlType string) bool {
	switch purlType {
	case "npm", "cargo", "composer", "pub", "hex":
		return true
	}
	return false
}

// numbers are the epoch and the first three numbers of a version; what is not
// there is zero.
func numbers(version string) (n [4]int) {
	version = strings.TrimPrefix(strings.TrimPrefix(version, "go"), "v")
	if epoch, rest, ok := strings.Cut(version, "!"); ok { // PEP 440
		n[0], _ = strconv.Atoi(epoch)
		version = rest
	}
	for i := 1; i < len(n); i++ {
		end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(version)
		}
		if end == 0 {
			return n
		}
		n[i], _ = strconv.Atoi(version[:end])
		if end == len(version) || version[end] != '.' {
			return n
		}
		version = version[end+1:]
	}
	return n
}

// isPrerelease reports whether a version is one that its ecosystem's tools do
// not install unless they are told to. It errs towards "no": a version that is
// not taken for a pre-release is merely chosen like any other.
func isPrerelease(purlType, version string) bool {
	core, _, _ := strings.Cut(version, "+")
	switch purlType {
	case "npm", "cargo", "nuget", "pub", "hex", "swift":
		return strings.Contains(core, "-")
	case "golang":
		_, pre, ok := strings.Cut(core, "-")
		// A pseudo-version is how Go names a commit.
		return ok && !strings.Contains(pre, "20")
	case "pypi", "gem", "maven", "composer":
		lower := strings.ToLower(core)
		for _, mark := range []string{"alpha", "beta", "rc", "dev", "snapshot", "-m", ".pre", "preview"} {
			if strings.Contains(lower, mark) {
				return true
			}
		}
		return purlType == "pypi" && (shortMark(lower, 'a') || shortMark(lower, 'b'))
	}
	return false
}

// shortMark finds a pre-release of PEP 440's short form: a digit, the letter, a
// digit.
func shortMark(version string, letter byte) bool {
	for i := 1; i+1 < len(version); i++ {
		if version[i] == letter && isDigit(version[i-1]) && isDigit(version[i+1]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
