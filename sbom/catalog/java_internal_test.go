package catalog

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

func TestParseManifest(t *testing.T) {
	tests := []struct {
		name, content string
		want          javaManifest
	}{
		{"main section only", "Manifest-Version: 1.0\r\nImplementation-Title: a\r\n\r\nName: x\r\nImplementation-Title: b\r\n", javaManifest{"manifest-version": "1.0", "implementation-title": "a"}},
		{"values go on with exactly one space taken away", "A: 1\n 23\n  4\nB: x\n", javaManifest{"a": "123 4", "b": "x"}},
		{"cut within a character", "A: caf\xc3\n \xa9\n", javaManifest{"a": "café"}},
		{"line ends of old Macs", "A: 1\rB: 2\r\rC: 3", javaManifest{"a": "1", "b": "2"}},
		{"no line end at the end", "A: 1\n B", javaManifest{"a": "1B"}},
		{"the first of two counts, whatever the case", "Bundle-Version: 1\nbundle-version: 2\n", javaManifest{"bundle-version": "1"}},
		{"rubbish", "no colon\n goes on\nA: 1\n", javaManifest{"a": "1"}},
		{"an empty line first", "\nA: 1\n\nB: 2", javaManifest{"a": "1"}},
		{"empty", "", javaManifest{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseManifest(strings.NewReader(tt.content))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

// A manifest written by the specification's rules is read back.
func FuzzManifest(f *testing.F) {
	f.Add("Implementation-Title", "a title of more than seventy-two bytes that a writer has to cut into several lines", uint8(70), "\r\n")
	f.Add("X", "é\u2028:", uint8(1), "\r")
	f.Fuzz(func(t *testing.T, name, value string, width uint8, end string) {
		if _, err := parseManifest(strings.NewReader(name + ":" + value)); err != nil {
			t.Fatalf("reading hostile bytes: %v", err)
		}
		if name == "" || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" ||
			strings.ContainsAny(value, "\r\n\x00") || !utf8.ValidString(value) || end != "\n" && end != "\r" && end != "\r\n" {
			t.Skip()
		}
		line := name + ": " + value
		var b strings.Builder
		first := max(int(width), len(name)+2)
		for i := 0; len(line) > first; i++ {
			b.WriteString(line[:first] + end + " ")
			line = line[first:]
			first = max(int(width), 1)
		}
		b.WriteString(line + end + end + "Other: section" + end)
		got, err := parseManifest(strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		want := javaManifest{strings.ToLower(name): strings.TrimSpace(value)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-written +read):\n%s", b.String(), diff)
		}
	})
}

func TestCutVersion(t *testing.T) {
	tests := []struct{ stem, artifact, version string }{
		{"commons-lang3-3.12.0", "commons-lang3", "3.12.0"},
		{"guava-30.0-jre", "guava", "30.0-jre"},
		{"guava-r09", "guava", "r09"},
		{"log4j-1.2-api-2.17.1", "log4j-1.2-api", "2.17.1"},
		{"hibernate-jpa-2.1-api-1.0.0.Final", "hibernate-jpa-2.1-api", "1.0.0.Final"},
		{"protobuf-java-3.0.0-beta-2", "protobuf-java", "3.0.0-beta-2"},
		{"foo-1.0-20230101.120000-3", "foo", "1.0-20230101.120000-3"},
		{"jackson-module-scala_2.13-2.15.0", "jackson-module-scala_2.13", "2.15.0"},
		{"netty-transport-native-epoll-4.1.68.Final-linux-x86_64", "netty-transport-native-epoll", "4.1.68.Final-linux-x86_64"},
		{"org.eclipse.equinox.common_3.10.0", "org.eclipse.equinox.common", "3.10.0"},
		{"kotlin-stdlib-jdk8", "kotlin-stdlib-jdk8", ""},
		{"-1", "", "1"},
		{"", "", ""},
	}
	for _, tt := range tests {
		if artifact, version := cutVersion(tt.stem); artifact != tt.artifact || version != tt.version {
			t.Errorf("cutVersion(%q) = %q, %q, want %q, %q", tt.stem, artifact, version, tt.artifact, tt.version)
		}
	}
}

func TestNameOf(t *testing.T) {
	tests := []struct {
		stem string
		m    javaManifest
		want javaName
	}{
		{"micrometer-core-1.9.0", javaManifest{"implementation-title": "io.micrometer#micrometer-core;1.9.0"}, javaName{"io.micrometer", "micrometer-core", "1.9.0", byManifest}},
		{"lib", javaManifest{"implementation-title": "io.micrometer#micrometer-core;1.9.0"}, javaName{"io.micrometer", "micrometer-core", "1.9.0", byManifest}},
		{"hibernate-core-5.4.10.Final", javaManifest{"implementation-vendor-id": "org.hibernate", "bundle-symbolicname": "org.hibernate.orm.core"}, javaName{"org.hibernate", "hibernate-core", "5.4.10.Final", byManifest}},
		{"netty-buffer-4.1.0.Final", javaManifest{"automatic-module-name": "io.netty.buffer"}, javaName{"io.netty", "netty-buffer", "4.1.0.Final", byManifest}},
		{"HikariCP-5.0.1", javaManifest{"bundle-symbolicname": "com.zaxxer.HikariCP;singleton:=true"}, javaName{"com.zaxxer", "HikariCP", "5.0.1", byManifest}},
		{"h2-1.4.199", nil, javaName{"com.h2database", "h2", "1.4.199", byManifest}},
		{"groovy-json-3.0.9", nil, javaName{"org.codehaus.groovy", "groovy-json", "3.0.9", byManifest}},
		{"spring-boot-3.0.0", nil, javaName{"org.springframework.boot", "spring-boot", "3.0.0", byManifest}},
		{"spring-web-6.0.0", nil, javaName{"org.springframework", "spring-web", "6.0.0", byManifest}},
		{"org.slf4j.slf4j-api-1.7.36", nil, javaName{"org.slf4j", "slf4j-api", "1.7.36", byManifest}},
		{"netty-tcnative-2.0.1-linux-x86_64", javaManifest{"implementation-version": "2.0.1"}, javaName{"netty-tcnative", "netty-tcnative", "2.0.1", byFileName}},
		{"lib", javaManifest{"implementation-title": "kotlin-stdlib", "implementation-version": "1.6.21"}, javaName{"org.jetbrains.kotlin", "kotlin-stdlib", "1.6.21", byManifest}},
		{"ours", javaManifest{"implementation-version": "${project.version}"}, javaName{}},
		{"evil name\x1b[31m-1.0", nil, javaName{}},
	}
	for _, tt := range tests {
		got, ok := nameOf(tt.stem, tt.m)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(javaName{})); diff != "" || ok != (tt.want != javaName{}) {
			t.Errorf("nameOf(%q) %v (-want +got):\n%s", tt.stem, ok, diff)
		}
	}
}

func TestOwnPOM(t *testing.T) {
	a, b, core := &pom{group: "g", artifact: "a", version: "1"}, &pom{group: "g", artifact: "b", version: "2"}, &pom{group: "g", artifact: "a-core", version: "1"}
	tests := []struct {
		name string
		poms []*pom
		stem string
		m    javaManifest
		want *pom
	}{
		{"by file name", []*pom{b, a}, "a-1", nil, a},
		{"with a classifier", []*pom{b, core, a}, "a-core-1-all", nil, core},
		{"another version in the file name", []*pom{b, a}, "a-9", nil, a},
		{"by the manifest's title", []*pom{b, a}, "app", javaManifest{"implementation-title": "b"}, b},
		{"group in front", []*pom{b, a}, "g.a-1", nil, a},
		{"the only one, under another file name", []*pom{a}, "renamed", nil, a},
		{"the only one, in an archive the manifest names", []*pom{a}, "h2-1.4.199", nil, nil},
		{"none of several", []*pom{a, b}, "app", nil, nil},
		{"none", nil, "a-1", nil, nil},
	}
	for _, tt := range tests {
		if got := ownPOM(tt.poms, tt.stem, tt.m); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestReadPOMs(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string // below META-INF/maven/g/a/
		want  *pom
		fails bool
	}{
		{name: "properties", files: map[string]string{"pom.properties": "#comment\r\ngroupId=g\r\nartifactId: a\r\nversion 1.0\r\n"}, want: &pom{group: "g", artifact: "a", version: "1.0"}},
		{name: "escapes", files: map[string]string{"pom.properties": `groupId=g\u002eh` + "\n" + `artifact\Id=a` + "\nversion=1\n"}, want: &pom{group: "g.h", artifact: "a", version: "1"}},
		{name: "project alone, with its parent's group and version", files: map[string]string{"pom.xml": `<?xml version="1.0" encoding="ISO-8859-1"?>
			<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>g</groupId><version>2</version></parent><artifactId>a</artifactId>
			<dependencies><dependency><groupId>x</groupId></dependency></dependencies>
			<developers><developer><name>J` + "\xfc" + `rgen &copy;</name></developer></developers>
			<licenses><license><name>The Apache Software License, Version 2.0</name></license><license><name>Ours</name><url>https://opensource.org/licenses/MIT</url></license></licenses></project>`},
			want: &pom{group: "g", artifact: "a", version: "2", licenses: []string{"Apache-2.0", "MIT"}, about: about{producer: fnpkg.Party{Name: "J\u00fcrgen \u00a9"}}}},
		{name: "an organisation, reached through its first developer", files: map[string]string{"pom.xml": `<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
			<organization><name>Example</name></organization><scm><connection>scm:git:git://github.com/a/b.git</connection></scm>
			<developers><developer><name>Ada</name><email>ada@example.org</email></developer><developer><name>Bob</name><email>bob@example.org</email></developer></developers>
			<dependencyManagement><dependencies><dependency><groupId>h</groupId><artifactId>managed</artifactId></dependency></dependencies></dependencyManagement>
			<dependencies><dependency><groupId>${project.groupId}</groupId><artifactId>b</artifactId></dependency>
			<dependency><groupId>h</groupId><artifactId>c</artifactId><scope>runtime</scope><exclusions><exclusion><groupId>x</groupId></exclusion></exclusions></dependency>
			<dependency><groupId>h</groupId><artifactId>test</artifactId><scope>test</scope></dependency>
			<dependency><groupId>${other}</groupId><artifactId>d</artifactId></dependency></dependencies></project>`},
			want: &pom{group: "g", artifact: "a", version: "1", needs: []pomNeed{{"g", "b"}, {"h", "c"}}, about: about{producer: fnpkg.Party{Name: "Example", Email: "ada@example.org"}, source: "https://github.com/a/b"}}},
		{name: "properties count more", files: map[string]string{"pom.properties": "groupId=g\nartifactId=a\nversion=1\n", "pom.xml": "<project><groupId>other</groupId><version>9</version></project>"}, want: &pom{group: "g", artifact: "a", version: "1"}},
		{name: "a damaged project beside properties", files: map[string]string{"pom.properties": "groupId=g\nartifactId=a\nversion=1\n", "pom.xml": "<project"}, want: &pom{group: "g", artifact: "a", version: "1"}},
		{name: "a damaged project alone", files: map[string]string{"pom.xml": "<project"}, fails: true},
		{name: "not filled in", files: map[string]string{"pom.properties": "groupId=g\nartifactId=a\nversion=${revision}\n"}},
		{name: "hostile words", files: map[string]string{"pom.properties": "groupId=g\nartifactId=a b\x1b\nversion=1\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := new(survey)
			for _, base := range []string{"pom.properties", "pom.xml"} {
				if content, ok := tt.files[base]; ok {
					s.entries = append(s.entries, bytesEntry("META-INF/maven/g/a/"+base, []byte(content)))
				}
			}
			got, err := readPOMs(s.entries)
			if (err != nil) != tt.fails {
				t.Errorf("error %v", err)
			}
			var want []*pom
			if tt.want != nil {
				tt.want.folder = "META-INF/maven/g/a"
				want = []*pom{tt.want}
			}
			for _, p := range got {
				p.err = nil
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(pom{}, about{}, pomNeed{})); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever an archive's metadata holds, only words Maven allows get out.
func FuzzPOM(f *testing.F) {
	f.Add([]byte("groupId=g\nartifactId=a\nversion=1"), []byte("<project><licenses><license><name>MIT</name></license></licenses></project>"))
	f.Add([]byte(`version=\u00`), []byte("<!DOCTYPE x [<!ENTITY a 'b'>]><project><artifactId>&a;</artifactId></project>"))
	f.Fuzz(func(t *testing.T, properties, project []byte) {
		var p pom
		p.readProperties(properties)
		_ = p.readProject(project)
		for _, word := range []string{p.group, p.artifact, p.version} {
			if mavenWord(word) != word {
				t.Errorf("%q is no word of Maven's", word)
			}
		}
	})
}

// An archive without metadata goes by the group under which others need it.
func TestNameByNeeds(t *testing.T) {
	named := func(name string) purl.Purl {
		id, err := purl.New("maven", name, "1")
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	r := result{
		finds: []find{
			{purl: named("g:app"), confidence: 1},
			{purl: named("wrong:lib"), confidence: byManifest},
			{purl: named("x:sure"), confidence: 1},
			{purl: named("y:either"), confidence: byFileName},
		},
		java: []javaNeeds{
			{named("g:app").Text, []pomNeed{{"right", "lib"}, {"other", "sure"}, {"a", "either"}, {"b", "either"}, {"g", "absent"}}},
		},
		edges: []fnpkg.Edge{{From: named("wrong:lib").Text, To: named("x:sure").Text}},
	}
	r.resolveJava()
	var got []string
	for _, f := range r.finds {
		got = append(got, f.purl.Name)
	}
	if diff := cmp.Diff([]string{"g:app", "right:lib", "x:sure", "y:either"}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	want := []fnpkg.Edge{{From: named("right:lib").Text, To: named("x:sure").Text}, {From: named("g:app").Text, To: named("right:lib").Text}}
	if diff := cmp.Diff(want, r.edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}
