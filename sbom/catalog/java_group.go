package catalog

import (
	"strconv"
	"strings"
)

// groups are the Maven groups of widely used artifacts whose archives carry no
// Maven metadata and whose manifests name no group, or a wrong one. Most were
// built by other tools than Maven.
var groups = map[string]string{
	"asm":                           "org.ow2.asm",
	"asm-analysis":                  "org.ow2.asm",
	"asm-commons":                   "org.ow2.asm",
	"asm-tree":                      "org.ow2.asm",
	"asm-util":                      "org.ow2.asm",
	"aspectjrt":                     "org.aspectj",
	"aspectjweaver":                 "org.aspectj",
	"checker-qual":                  "org.checkerframework",
	"converter-gson":                "com.squareup.retrofit2",
	"converter-jackson":             "com.squareup.retrofit2",
	"graal-sdk":                     "org.graalvm.sdk",
	"hibernate-commons-annotations": "org.hibernate.common",
	"kotlin-reflect":                "org.jetbrains.kotlin",
	"kotlin-stdlib":                 "org.jetbrains.kotlin",
	"kotlin-stdlib-common":          "org.jetbrains.kotlin",
	"kotlin-stdlib-jdk7":            "org.jetbrains.kotlin",
	"kotlin-stdlib-jdk8":            "org.jetbrains.kotlin",
	"kotlinx-coroutines-core":       "org.jetbrains.kotlinx",
	"kotlinx-coroutines-core-jvm":   "org.jetbrains.kotlinx",
	"logging-interceptor":           "com.squareup.okhttp3",
	"mysql-connector-java":          "mysql",
	"okhttp":                        "com.squareup.okhttp3",
	"okio":                          "com.squareup.okio",
	"okio-jvm":                      "com.squareup.okio",
	"retrofit":                      "com.squareup.retrofit2",
	"xercesImpl":                    "xerces",
	"xml-apis":                      "xml-apis",
}

// groupOf corrects the group of an archive without Maven metadata. The guess
// comes from its manifest, or is the artifact itself when that says nothing.
func groupOf(guess, artifact, version string) (group string, known bool) {
	major, _, _ := strings.Cut(version, ".")
	switch artifact {
	case "dom4j":
		if major == "1" {
			return "dom4j", true
		}
		return "org.dom4j", true
	case "groovy":
		if n, err := strconv.Atoi(major); err == nil && n < 4 {
			return "org.codehaus.groovy", true
		}
		return "org.apache.groovy", true
	}
	if g, ok := groups[artifact]; ok {
		return g, true
	}
	// A bundle's symbolic name often is group and artifact in one.
	if g, ok := strings.CutSuffix(guess, "."+artifact); ok {
		return g, true
	}
	return guess, guess != artifact
}
