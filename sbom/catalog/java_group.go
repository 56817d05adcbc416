package catalog

import (
	"strconv"
	"strings"
)

// groups are the Maven groups of widely used artifacts whose archives carry no
// Maven metadata and whose manifests name no group, or a wrong one. Most were
// built by other tools than Maven.
var groups = map[string]string{
	"ant":                           "org.apache.ant",
	"ant-junit":                     "org.apache.ant",
	"ant-launcher":                  "org.apache.ant",
	"antlr":                         "antlr",
	"asm":                           "org.ow2.asm",
	"asm-analysis":                  "org.ow2.asm",
	"asm-bom":                       "org.ow2.asm",
	"asm-commons":                   "org.ow2.asm",
	"asm-tree":                      "org.ow2.asm",
	"asm-util":                      "org.ow2.asm",
	"aspectjrt":                     "org.aspectj",
	"aspectjweaver":                 "org.aspectj",
	"checker-qual":                  "org.checkerframework",
	"connect-api":                   "org.apache.kafka",
	"converter-gson":                "com.squareup.retrofit2",
	"converter-jackson":             "com.squareup.retrofit2",
	"derby":                         "org.apache.derby",
	"dom4j":                         "org.dom4j",
	"elasticsearch":                 "org.elasticsearch",
	"elasticsearch-core":            "org.elasticsearch",
	"elasticsearch-rest-client":     "org.elasticsearch.client",
	"elasticsearch-x-content":       "org.elasticsearch",
	"graal-sdk":                     "org.graalvm.sdk",
	"graphql-java":                  "com.graphql-java",
	"h2":                            "com.h2database",
	"hibernate-commons-annotations": "org.hibernate.common",
	"jackson-core-asl":              "org.codehaus.jackson",
	"jackson-mapper-asl":            "org.codehaus.jackson",
	"kafka-clients":                 "org.apache.kafka",
	"kafka-streams":                 "org.apache.kafka",
	"logging-interceptor":           "com.squareup.okhttp3",
	"lz4-java":                      "org.lz4",
	"minio":                         "io.minio",
	"mysql-connector-java":          "mysql",
	"okhttp":                        "com.squareup.okhttp3",
	"okio":                          "com.squareup.okio",
	"okio-jvm":                      "com.squareup.okio",
	"retrofit":                      "com.squareup.retrofit2",
	"spring-aop":                    "org.springframework",
	"spring-aspects":                "org.springframework",
	"spring-beans":                  "org.springframework",
	"spring-context":                "org.springframework",
	"spring-context-indexer":        "org.springframework",
	"spring-context-support":        "org.springframework",
	"spring-core":                   "org.springframework",
	"spring-core-test":              "org.springframework",
	"spring-expression":             "org.springframework",
	"spring-instrument":             "org.springframework",
	"spring-jcl":                    "org.springframework",
	"spring-jdbc":                   "org.springframework",
	"spring-jms":                    "org.springframework",
	"spring-messaging":              "org.springframework",
	"spring-orm":                    "org.springframework",
	"spring-oxm":                    "org.springframework",
	"spring-r2dbc":                  "org.springframework",
	"spring-test":                   "org.springframework",
	"spring-tx":                     "org.springframework",
	"spring-web":                    "org.springframework",
	"spring-webflux":                "org.springframework",
	"spring-webmvc":                 "org.springframework",
	"spring-websocket":              "org.springframework",
	"velocity":                      "org.apache.velocity",
	"xalan":                         "xalan",
	"xercesImpl":                    "xerces",
	"xml-apis":                      "xml-apis",
}

// groupPrefixes are the groups of families of such artifacts, the longer prefix
// first where one begins with another.
var groupPrefixes = []struct{ prefix, group string }{
	{"bcjmail-", "org.bouncycastle"},
	{"bcmail-", "org.bouncycastle"},
	{"bcpg-", "org.bouncycastle"},
	{"bcpkix-", "org.bouncycastle"},
	{"bcprov-", "org.bouncycastle"},
	{"bctls-", "org.bouncycastle"},
	{"bcutil-", "org.bouncycastle"},
	{"kotlin-", "org.jetbrains.kotlin"},
	{"kotlinx-", "org.jetbrains.kotlinx"},
	{"micrometer-", "io.micrometer"},
	{"reactor-netty", "io.projectreactor.netty"},
	{"reactor-", "io.projectreactor"},
	{"spring-amqp", "org.springframework.amqp"},
	{"spring-batch-", "org.springframework.batch"},
	{"spring-boot", "org.springframework.boot"},
	{"spring-cloud-", "org.springframework.cloud"},
	{"spring-data-", "org.springframework.data"},
	{"spring-integration-", "org.springframework.integration"},
	{"spring-kafka", "org.springframework.kafka"},
	{"spring-ldap-", "org.springframework.ldap"},
	{"spring-rabbit", "org.springframework.amqp"},
	{"spring-security-", "org.springframework.security"},
	{"spring-session-", "org.springframework.session"},
	{"spring-ws-", "org.springframework.ws"},
	{"tomcat-embed-", "org.apache.tomcat.embed"},
	{"tomcat-", "org.apache.tomcat"},
}

// knownGroup returns the group of a widely used artifact.
func knownGroup(artifact, version string) (group string, known bool) {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	switch {
	case artifact == "dom4j" && major == "1":
		return "dom4j", true
	case artifact == "groovy" || strings.HasPrefix(artifact, "groovy-"):
		if err == nil && n < 4 {
			return "org.codehaus.groovy", true
		}
		return "org.apache.groovy", true
	}
	if g, ok := groups[artifact]; ok {
		return g, true
	}
	for _, p := range groupPrefixes {
		if strings.HasPrefix(artifact, p.prefix) {
			return p.group, true
		}
	}
	return "", false
}
