package catalog_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/catalog"
)

func pomProperties(group, artifact, version string) file {
	return file{
		name:    "META-INF/maven/" + group + "/" + artifact + "/pom.properties",
		content: "groupId=" + group + "\nartifactId=" + artifact + "\nversion=" + version + "\n",
	}
}

func manifest(lines ...string) file {
	return file{name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"}
}

func TestJava(t *testing.T) {
	class := file{name: "com/example/A.class", content: "\xca\xfe\xba\xbe"}
	jar := func(files ...file) string { return string(zipOf(t, files...)) }
	tests := []struct {
		name  string
		files []file
		want  map[string]float64 // confidence by purl
		paths []string           // occurrences, in order of the components
		edges []fnpkg.Edge
	}{
		{
			name:  "Maven's properties, with no manifest and under another file name",
			files: []file{{name: "lib/renamed.jar", content: jar(pomProperties("g", "a", "1.0"), class)}},
			want:  map[string]float64{"pkg:maven/g/a@1.0": 1},
			paths: []string{"lib/renamed.jar"},
		},
		{
			name: "merged into the function's own archive, and into a library",
			files: []file{
				manifest("Main-Class: x.Main"), pomProperties("g", "a", "1.0"), pomProperties("g", "b", "2.0"), class,
				{name: "lib/c-3.0.jar", content: jar(manifest(), pomProperties("g", "c", "3.0"), pomProperties("g", "shaded", "0.1"))},
			},
			want:  map[string]float64{"pkg:maven/g/a@1.0": 1, "pkg:maven/g/b@2.0": 1, "pkg:maven/g/c@3.0": 1, "pkg:maven/g/shaded@0.1": 1},
			paths: []string{"META-INF/MANIFEST.MF", "META-INF/MANIFEST.MF", "lib/c-3.0.jar", "lib/c-3.0.jar"},
			edges: []fnpkg.Edge{
				{From: "pkg:maven/g/c@3.0", To: "pkg:maven/g/shaded@0.1"},
			},
		},
		{
			name: "nested twice",
			files: []file{{name: "app.war", content: jar(pomProperties("g", "app", "1.0"), file{
				name: "WEB-INF/lib/a-1.0.jar", content: jar(pomProperties("g", "a", "1.0"), file{
					name: "inner/b-1.0.jar", content: jar(pomProperties("g", "b", "1.0")),
				}),
			})}},
			want:  map[string]float64{"pkg:maven/g/a@1.0": 1, "pkg:maven/g/app@1.0": 1, "pkg:maven/g/b@1.0": 1},
			paths: []string{"app.war!/WEB-INF/lib/a-1.0.jar", "app.war", "app.war!/WEB-INF/lib/a-1.0.jar!/inner/b-1.0.jar"},
			edges: []fnpkg.Edge{
				{From: "pkg:maven/g/a@1.0", To: "pkg:maven/g/b@1.0"},
				{From: "pkg:maven/g/app@1.0", To: "pkg:maven/g/a@1.0"},
			},
		},
		{
			name: "by manifest, by known name, by file name",
			files: []file{
				{name: "lib/reactor-core-3.4.18.jar", content: jar(manifest("Bundle-SymbolicName: io.projectreactor.reactor-core", "Bundle-Version: 3.4.18"))},
				{name: "lib/kotlin-stdlib-1.6.21.jar", content: jar(manifest("Implementation-Title: kotlin-stdlib"), class)},
				{name: "lib/ours-2.0.jar", content: jar(manifest(), class)},
				{name: "lib/nothing.jar", content: jar(manifest(), class)},
			},
			want: map[string]float64{
				"pkg:maven/io.projectreactor/reactor-core@3.4.18":     0.7,
				"pkg:maven/org.jetbrains.kotlin/kotlin-stdlib@1.6.21": 0.7,
				"pkg:maven/ours/ours@2.0":                             0.5,
			},
			paths: []string{"lib/reactor-core-3.4.18.jar", "lib/kotlin-stdlib-1.6.21.jar", "lib/ours-2.0.jar"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := inventoryOf(t, packageOf(t, tt.files...))
			got := map[string]float64{}
			var paths []string
			for _, c := range inv.Components {
				got[c.PURL] = c.Confidence
				for _, o := range c.Occurrences {
					paths = append(paths, o.Path)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.paths, paths); diff != "" {
				t.Errorf("occurrences (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.edges, inv.Edges); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJavaHashes(t *testing.T) {
	inv := inventoryOf(t, openFile(t, packages+"java.zip"))
	nested := inventoryOf(t, openFile(t, packages+"java-nested.jar"))
	// The published archive's own checksum, wherever the archive lies.
	const want = "314f3f515320de8403ddf9dbfc5ffb8638e16db44cf25969b2abb07f09d5a7cb"
	a, b := component(t, inv, "pkg:maven/com.amazonaws/aws-lambda-java-core@1.2.1"), component(t, nested, "pkg:maven/com.amazonaws/aws-lambda-java-core@1.2.1")
	if a.SHA256 != want || a.SHA256 != b.SHA256 || a.SHA512 != b.SHA512 || len(a.SHA512) != 128 {
		t.Errorf("hashes %s and %s, want %s", a.SHA256, b.SHA256, want)
	}
}

// Archives in archives end at a limit, and what lies deeper is reported.
func TestJavaNestingLimit(t *testing.T) {
	content := zipOf(t, pomProperties("g", "a6", "1.0"))
	for _, name := range []string{"a5", "a4", "a3", "a2", "a1"} {
		content = zipOf(t, pomProperties("g", name, "1.0"), file{name: "inner.jar", content: string(content)})
	}
	limits := fnpkg.DefaultLimits()
	limits.NestingDepth = 3
	inv, err := catalog.Catalog(context.Background(),
		packageOf(t, file{name: "a.jar", content: string(content)}), catalog.Options{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:maven/g/a1@1.0", "pkg:maven/g/a2@1.0", "pkg:maven/g/a3@1.0"}
	if diff := cmp.Diff(want, purls(inv, fnpkg.OriginShipped)); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if len(inv.Coverage) != 1 || inv.Coverage[0].State != fnpkg.CoveragePartial || !strings.Contains(inv.Coverage[0].Reason, "depth of nested archives") {
		t.Errorf("coverage %+v", inv.Coverage)
	}
}
