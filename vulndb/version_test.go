package vulndb

import (
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestValidVersion(t *testing.T) {
	tests := []struct {
		ecosystem      string
		valid, invalid []string
	}{
		{
			"npm",
			[]string{"1.2.3", "v1.2.3", "1.2", "1.2.3-beta.1", "1.2.3+build.5", "1.0.0-alpha-1"},
			[]string{"", "latest", "*", "^1.2.3", "1.x", "1.2.3 || 2", "file:../x", "1..2", "1.2.3-", strings.Repeat("1", 300)},
		},
		{
			"Go",
			[]string{"v1.2.3", "1.2.3", "v0.0.0-20240101000000-0123456789ab", "v2.0.0+incompatible", "1.22.0-rc.1"},
			[]string{"(devel)", "devel go1.23-0123", "UNKNOWN", "master"},
		},
		{
			"PyPI",
			[]string{"1.0", "1!2.0", "1.0a1", "1.0.RC-2", "1.0-1", "1.0.post1.dev2", "1.0+ubuntu.1", "v1.0", "2024.6.2", "1.0c"},
			[]string{"latest", "1.0.x", "2019-09-12", "1.0+", "1.0+a..b", "abc", "1.0 beta and more", "1.0.fix1", "==1.0"},
		},
		{
			"Maven",
			[]string{"1.0", "2.0-beta9", "Finchley.SR1", "r09", "1.0-SNAPSHOT", "20040616", "1.2.0.Final-redhat-00001", "33.0.0-jre"},
			[]string{"latest", "RELEASE", "${project.version}", "[1.0,2.0)", "1.0,2.0", "unspecified"},
		},
		{
			"NuGet",
			[]string{"1.0", "1.2.3.4", "1.0.0-beta+1"},
			[]string{"1.*", "[1.0]", "1.2.3.4.5", "latest"},
		},
		{
			"RubyGems",
			[]string{"1.0", "1.0.0.pre1", "5.0.0.beta1.1", "1.2-java"},
			[]string{"~> 1.0", "latest", ">= 0"},
		},
		{
			"Packagist",
			[]string{"1.0.0", "v4.4.1", "2.0.0-RC1", "1.0-beta.2", "1.0.0-patch1", "4.4.x-dev"[:3]},
			[]string{"dev-master", "4.4.x-dev", "latest", "^1.0"},
		},
		{
			"crates.io",
			[]string{"0.1.0", "1.0.0-alpha.1+x"},
			[]string{"*", "main"},
		},
		{
			"Debian",
			[]string{"1:2.3-4+deb12u1", "2.36-9", "0~20200101", "5.10.0-1~bpo"},
			[]string{"<unfixed>", "unknown", ""},
		},
		{
			"Alpine",
			[]string{"1.2.3-r0", "1.36.1_git20240101-r2", "3.1.4a_rc1-r1"},
			[]string{"latest", "1.2.3-x"},
		},
	}
	for _, test := range tests {
		for _, v := range test.valid {
			if _, reason := newComparer(test.ecosystem, v); reason != "" {
				t.Errorf("%s: %s", test.ecosystem, reason)
			}
		}
		for _, v := range test.invalid {
			if _, reason := newComparer(test.ecosystem, v); reason == "" {
				t.Errorf("%s: %q has a place in the order", test.ecosystem, v)
			}
		}
	}
}

func TestCanonicalPyPI(t *testing.T) {
	// The spellings of PEP 440, "Normalization", and of its examples.
	for spelling, want := range map[string]string{
		"1.1RC1": "1.1rc1", "00": "0", "09000": "9000", "1.0+foo0100": "1+foo0100",
		"1.1.a1": "1.1a1", "1.1-a1": "1.1a1", "1.1a.1": "1.1a1", "1.1a-1": "1.1a1", "1.1alpha1": "1.1a1", "1.1beta2": "1.1b2",
		"1.1c3": "1.1rc3", "1.1pre3": "1.1rc3", "1.1preview3": "1.1rc3", "1.2a": "1.2a0",
		"1.2-post2": "1.2.post2", "1.2post2": "1.2.post2", "1.2.post-2": "1.2.post2", "1.0-r4": "1.post4", "1.0.rev4": "1.post4",
		"1.0-1": "1.post1", "1.2.post": "1.2.post0", "1.2.dev": "1.2.dev0", "1.2-dev2": "1.2.dev2", "1.2dev2": "1.2.dev2",
		"1.0+ubuntu-1": "1+ubuntu.1", "v1.0": "1", " 1.0\n": "1", "1.0.0": "1", "1.0.1.0": "1.0.1", "1!1.0": "1!1", "0!1.0": "1",
		"1.0a2.post3.dev4+l": "1a2.post3.dev4+l", "2.10": "2.10", "1.0.post1.dev1": "1.post1.dev1",
	} {
		got, ok := canonicalPyPI(spelling)
		if !ok || got != want {
			t.Errorf("%q: %q %v, want %q", spelling, got, ok, want)
		}
	}
	for _, text := range []string{"", "1.", "1.0.", "a1", "1.0a1b2", "1.0+", "1.0++a", "1.0-", "1.0.post1.post2", "1!", "-1", "1.0_"} {
		if got, ok := canonicalPyPI(text); ok {
			t.Errorf("%q is taken for version %q", text, got)
		}
	}
}

// FuzzCanonicalPyPI: the form is its own, and it is the same version in
// scalibr's order.
func FuzzCanonicalPyPI(f *testing.F) {
	for _, seed := range []string{"1.0", "1!2.0rc1.post2.dev3+a.b", "1.0-1", "v1.2.RC.3", "2019-09-12", "1.0.0.0a0", "0\v"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, version string) {
		canonical, ok := canonicalPyPI(version)
		if !ok {
			return
		}
		if again, ok := canonicalPyPI(canonical); !ok || again != canonical {
			t.Errorf("%q becomes %q, which becomes %q %v", version, canonical, again, ok)
		}
		parsed, err := semantic.ParsePyPIVersion(version)
		if err != nil {
			t.Fatalf("%q: %v", version, err)
		}
		order, err := parsed.CompareStr(canonical)
		if err != nil || order != 0 {
			t.Errorf("%q is not the version %q: %d %v", version, canonical, order, err)
		}
	})
}

// FuzzVersion: any text is either refused or compares without a panic, equal
// to itself.
func FuzzVersion(f *testing.F) {
	for _, ecosystem := range []string{"npm", "PyPI", "Maven", "Debian:12", "Alpine:v3.20", "NuGet", "RubyGems", "Packagist", "CRAN", "Hackage", "Novelty"} {
		f.Add(ecosystem, "1.2.3", "1.2.4-rc.1")
		f.Add(ecosystem, "1:2.3-4~a", "latest")
	}
	f.Fuzz(func(t *testing.T, ecosystem, version, other string) {
		c, reason := newComparer(ecosystem, version)
		if reason != "" {
			return
		}
		for _, semver := range []bool{false, true} {
			if order, err := c.compare(semver, version); err != nil || order != 0 {
				t.Errorf("%s: %q is not equal to itself: %d %v", ecosystem, version, order, err)
			}
			from := affectedRange{Type: "ECOSYSTEM"}
			from.Events = append(from.Events, rangeEvent{Introduced: "0", Fixed: other})
			r, _ := newRange(ecosystem, from)
			e := evaluation{installed: c}
			if _, err := e.contains(r); err != nil && err != errUnordered {
				t.Logf("%s: %q against %q: %v", ecosystem, version, other, err)
			}
		}
	})
}

func TestSubject(t *testing.T) {
	tests := []struct {
		component fnpkg.Component
		want      subject
		reason    string // a part of it
	}{
		{fnpkg.Component{Type: "deb", Name: "libssl3", Version: "3.0.11-1", PURL: "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11"}, sub("Debian:12", "openssl", "3.0.11"), ""},
		{fnpkg.Component{Type: "deb", Name: "bash", Version: "5.2-1", PURL: "pkg:deb/debian/bash@5.2-1?distro=debian-12.5"}, sub("Debian:12", "bash", "5.2-1"), ""},
		{fnpkg.Component{Type: "apk", Name: "musl", Version: "1.2.5-r0", PURL: "pkg:apk/alpine/musl@1.2.5-r0?distro=alpine-3.20.3"}, sub("Alpine:v3.20", "musl", "1.2.5-r0"), ""},
		{fnpkg.Component{Type: "apk", Name: "musl", Version: "1.2.5-r0", PURL: "pkg:apk/wolfi/musl@1.2.5-r0"}, sub("Wolfi", "musl", "1.2.5-r0"), ""},
		{fnpkg.Component{Type: "rpm", Name: "bash", Version: "5.2", PURL: "pkg:rpm/amzn/bash@5.2?distro=amzn-2023"}, sub("Amazon Linux:2023", "bash", "5.2"), ""},
		{fnpkg.Component{Type: "deb", Name: "bash", Version: "5.2", PURL: "pkg:deb/debian/bash@5.2"}, subject{}, "which release"},
		{fnpkg.Component{Type: "generic", Name: "x", Version: "1", PURL: "pkg:generic/x@1"}, subject{}, `"generic"`},
		{fnpkg.Component{Type: "npm", PURL: "pkg:npm/"}, subject{}, "no name"},
		{fnpkg.Component{}, subject{}, "no package URL"},
		{fnpkg.Component{Name: "q", Version: "1.0.0", PURL: "pkg:npm/q@1.0.0"}, sub("npm", "q", "1.0.0"), ""},
	}
	for _, test := range tests {
		got, reason := subjectOf(test.component)
		if got != test.want || !strings.Contains(reason, test.reason) || (reason == "") != (test.reason == "") {
			t.Errorf("%s: %+v %q, want %+v %q", test.component.PURL, got, reason, test.want, test.reason)
		}
	}
}
