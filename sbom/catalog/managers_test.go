package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

// The lists beside the packages come from the package managers that made them:
// all of it must be found, and nothing else.
func TestFindsWhatOtherManagersInstalled(t *testing.T) {
	tests := []struct {
		file, list, ecosystem string
		origin                fnpkg.Origin
		edges                 []string // some of those there must be, as "name needs name"
		licensed              string   // a component and its licence
	}{
		{"pnpm.zip", "pnpm", "npm", fnpkg.OriginShipped, []string{"debug needs ms", "@example/util needs @sideway/formula"}, "ms MIT"},
		{"yarn.zip", "yarn", "npm", fnpkg.OriginShipped, []string{"debug needs ms"}, "ms MIT"},
		{"yarn-berry.zip", "yarn-berry", "npm", fnpkg.OriginShipped, []string{"debug needs ms"}, "semver ISC"},
		{"yarn-pnp.zip", "yarn-pnp", "npm", fnpkg.OriginShipped, nil, "semver ISC"},
		{"uv.zip", "uv", "pypi", fnpkg.OriginShipped, []string{"requests needs urllib3"}, "requests Apache-2.0"},
		{"uv-stripped.zip", "uv", "pypi", fnpkg.OriginBundled, nil, ""},
		{"egg-info.zip", "egg-info", "pypi", fnpkg.OriginShipped, nil, "six MIT"},
		{"bundler.zip", "bundler", "gem", fnpkg.OriginShipped, []string{"sinatra needs rack", "addressable needs public_suffix"}, "addressable Apache-2.0"},
		{"composer.zip", "composer", "composer", fnpkg.OriginShipped, []string{"guzzlehttp/psr7 needs psr/http-message", "monolog/monolog needs psr/log"}, "psr/log MIT"},
		{"cargo.zip", "cargo", "cargo", fnpkg.OriginShipped, []string{"serde_json needs itoa", "bootstrap needs base64"}, ""},
		{"java-shaded.jar", "java-shaded", "maven", fnpkg.OriginShipped, nil, ""},
		{"java-gradle.jar", "java-gradle", "maven", fnpkg.OriginShipped, []string{"commons-fileupload:commons-fileupload needs commons-io:commons-io"}, "com.amazonaws:aws-lambda-java-core Apache-2.0"},
		{"poetry.zip", "poetry", "pypi", fnpkg.OriginShipped, []string{"requests needs idna"}, "pyjwt MIT"},
		{"dotnet-publish.zip", "dotnet-publish", "nuget", fnpkg.OriginShipped, []string{"NJsonSchema needs Namotion.Reflection"}, ""},
		{"dotnet.zip", "dotnet", "nuget", fnpkg.OriginShipped, nil, ""},
		{"rpm.zip", "rpm", "rpm", fnpkg.OriginShipped, []string{"curl-minimal needs openssl-libs", "glibc needs filesystem"}, "glibc LGPL-2.1-or-later"},
		{"dpkg.zip", "dpkg", "deb", fnpkg.OriginShipped, []string{"libssl3 needs libc6", "libgcc-s1 needs gcc-12-base"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			offline(t)
			inv := inventoryOf(t, openFile(t, packages+tt.file))
			var got []string
			for _, p := range purls(inv, tt.origin) {
				p, _, _ = strings.Cut(p, "?")
				got = append(got, p)
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(lines(t, packages+tt.list+".components.txt")))
			if len(want) < 2 {
				t.Fatalf("the manager lists only %q", want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s components (-want +got):\n%s", tt.origin, diff)
			}
			names := map[string]string{}
			licenses := map[string]bool{}
			for _, c := range inv.Components {
				names[c.PURL] = c.Name
				for _, l := range c.Licenses {
					licenses[c.Name+" "+l.Expression] = true
				}
				if c.Type != tt.ecosystem || len(c.Occurrences) == 0 || c.Confidence == 0 || c.FoundBy == "" {
					t.Errorf("incomplete component %+v", c)
				}
				if c.Origin == fnpkg.OriginBundled && (c.Confidence == 1 || len(c.Evidence) == 0) {
					t.Errorf("%s is recovered, and certain or without evidence", c.PURL)
				}
			}
			edges := map[string]bool{}
			for _, e := range inv.Edges {
				edges[names[e.From]+" needs "+names[e.To]] = true
			}
			for _, e := range tt.edges {
				if !edges[e] {
					t.Errorf("no edge: %s; there are %v", e, edges)
				}
			}
			if tt.licensed != "" && !licenses[tt.licensed] {
				t.Errorf("no licence %q; there are %v", tt.licensed, licenses)
			}
			state := fnpkg.CoverageComplete
			if tt.origin != fnpkg.OriginShipped {
				state = fnpkg.CoveragePartial
			}
			if i := slices.IndexFunc(inv.Coverage, func(c fnpkg.Coverage) bool { return c.Ecosystem == tt.ecosystem }); i < 0 || inv.Coverage[i].State != state {
				t.Errorf("coverage %+v, want %s to be %s", inv.Coverage, tt.ecosystem, state)
			}
		})
	}
}

// A program that says which package of a distribution it is from, however small
// it is.
func TestFindsPackageNote(t *testing.T) {
	inv := inventoryOf(t, openFile(t, packages+"elf-note.zip"))
	want := lines(t, packages+"elf-note.components.txt")
	if len(inv.Components) != 1 || len(want) != 1 || !strings.HasPrefix(inv.Components[0].PURL, want[0]) || inv.Components[0].FoundBy != "elf-package-note" {
		t.Errorf("components %+v, want %q", inv.Components, want)
	}
}

// A NuGet package of which one assembly is in the application is that file.
func TestHashesOfAssemblies(t *testing.T) {
	hashed := 0
	for _, c := range inventoryOf(t, openFile(t, packages+"dotnet-publish.zip")).Components {
		if c.SHA512 != "" {
			hashed++
			if !strings.HasSuffix(c.Occurrences[0].Path, ".dll") || c.Distribution.SHA512 == "" {
				t.Errorf("%s is a file, and says %+v", c.PURL, c)
			}
		}
	}
	if hashed < 10 {
		t.Errorf("%d components have the hash of their one file", hashed)
	}
}

// What distributions' advisories are matched by.
func TestQualifiersOfDistributions(t *testing.T) {
	for file, want := range map[string]string{
		"dpkg.zip": "pkg:deb/debian/libssl3@3.0.19-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
		"rpm.zip":  "pkg:rpm/amzn/openssl-libs@3.0.8-1.amzn2023.0.14?arch=x86_64&distro=amzn-2023&epoch=1&upstream=openssl-libs-3.0.8-1.amzn2023.0.14.src.rpm",
	} {
		if all := purls(inventoryOf(t, openFile(t, packages+file)), fnpkg.OriginShipped); !slices.Contains(all, want) {
			t.Errorf("no %s in %q", want, all)
		}
	}
}
