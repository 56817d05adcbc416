//go:build ignore

// Cut takes the records of some packages out of a feed in the layout of the
// OSV bucket and writes them, in the same layout, beside this file.
//
//	go run testdata/osv/cut.go SOURCE testdata/osv
//
// The same source gives the same bytes.
package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packages whose records are kept: those that the fixtures hold or are likely
// to.
var packages = map[string][]string{
	"Go": {
		"stdlib", "toolchain", "golang.org/x/crypto", "golang.org/x/net", "golang.org/x/text", "github.com/gin-gonic/gin",
		"github.com/gogo/protobuf", "github.com/golang-jwt/jwt", "github.com/dgrijalva/jwt-go", "github.com/gorilla/websocket",
		"github.com/sirupsen/logrus", "google.golang.org/grpc", "google.golang.org/protobuf", "gopkg.in/yaml.v2", "gopkg.in/yaml.v3",
		"github.com/pubnub/go", "k8s.io/ingress-nginx",
	},
	"Maven": {
		"log4j:log4j", "org.apache.logging.log4j:log4j-core", "org.apache.logging.log4j:log4j-api", "commons-io:commons-io",
		"commons-collections:commons-collections", "org.apache.commons:commons-collections4", "org.apache.commons:commons-text",
		"org.apache.commons:commons-compress", "commons-fileupload:commons-fileupload", "commons-beanutils:commons-beanutils",
		"com.fasterxml.jackson.core:jackson-databind", "com.google.code.gson:gson", "com.google.guava:guava", "junit:junit",
		"io.netty:netty-handler", "io.netty:netty-codec-http2",
	},
	"PyPI": {
		"requests", "urllib3", "jinja2", "flask", "werkzeug", "pyyaml", "certifi", "idna", "cryptography", "setuptools",
	},
	"npm": {
		"lodash", "axios", "minimist", "follow-redirects", "express", "jsonwebtoken", "semver", "qs", "ws", "node-fetch", "tar",
		"moment", "underscore", "handlebars", "jquery", "minimatch", "send", "debug", "marked", "bootstrap", "dompurify", "next",
	},
}

// mostPerPackage keeps the sample small: the newest records of a package.
const mostPerPackage = 40

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go run testdata/osv/cut.go SOURCE DESTINATION")
	}
	if err := cut(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func cut(source, destination string) error {
	ecosystems := make([]string, 0, len(packages))
	for ecosystem := range packages {
		ecosystems = append(ecosystems, ecosystem)
	}
	slices.Sort(ecosystems)
	for _, ecosystem := range ecosystems {
		if err := cutEcosystem(source, destination, ecosystem); err != nil {
			return fmt.Errorf("%s: %w", ecosystem, err)
		}
	}
	return os.WriteFile(filepath.Join(destination, "ecosystems.txt"), []byte(strings.Join(ecosystems, "\n")+"\n"), 0o644)
}

type record struct {
	ID       string `json:"id"`
	Modified string `json:"modified"`
	Affected []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
	} `json:"affected"`

	text []byte
}

func cutEcosystem(source, destination, ecosystem string) error {
	records, err := read(filepath.Join(source, ecosystem, "all.zip"))
	if err != nil {
		return err
	}
	// Newest first; Go's ids begin with the year, where times are missing.
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(strings.Compare(b.Modified, a.Modified), strings.Compare(b.ID, a.ID))
	})
	var kept []record
	count := make(map[string]int)
	for _, r := range records {
		keep := false
		for _, a := range r.Affected {
			name := strings.ToLower(a.Package.Name)
			if a.Package.Ecosystem == ecosystem && slices.Contains(packages[ecosystem], name) && count[name] < mostPerPackage {
				count[name]++
				keep = true
			}
		}
		if keep {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return errors.New("no record is about one of the packages")
	}
	return write(filepath.Join(destination, ecosystem), kept)
}

func read(path string) ([]record, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var records []record
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(text, []byte(`"<Any value>"`)) {
			continue // an example of the format, not a record
		}
		r := record{text: text}
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		records = append(records, r)
	}
	return records, nil
}

func write(dir string, records []record) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var archive, csv bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, r := range records {
		w, err := z.CreateHeader(&zip.FileHeader{Name: r.ID + ".json", Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := w.Write(r.text); err != nil {
			return err
		}
		fmt.Fprintf(&csv, "%s,%s\n", r.Modified, r.ID)
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "modified_id.csv"), csv.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "all.zip"), archive.Bytes(), 0o644)
}
