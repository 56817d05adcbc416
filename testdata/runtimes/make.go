//go:build ignore

// Make writes the table of managed runtimes that fnpkg embeds, from the
// sources given: dates of the first are preferred, the second fills what it
// leaves open, the third adds names that have no dates yet.
//
//	go run make.go -taken 2026-08-22 aws-lambda.cfn-lint.json aws-lambda.endoflife.md aws-lambda.sdk-names.txt > ../../fnpkg/runtimes.json
//
// Where the first two disagree, it says so on standard error.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

const provider = "aws-lambda"

// row is a runtime as the table has it. Dates are written 2006-01-02; what is
// empty is not known.
type row struct {
	Provider      string `json:"provider"`
	Name          string `json:"name"`
	Released      string `json:"released,omitempty"`
	Deprecated    string `json:"deprecated,omitempty"`
	NoCreate      string `json:"noCreate,omitempty"`
	NoUpdate      string `json:"noUpdate,omitempty"`
	Successor     string `json:"successor,omitempty"`
	ContainerOnly bool   `json:"containerOnly,omitempty"`
}

func main() {
	log.SetFlags(0)
	taken := flag.String("taken", "", "the `DAY` the sources were taken, 2006-01-02")
	flag.Parse()
	if *taken == "" || flag.NArg() != 3 {
		flag.Usage()
		os.Exit(2)
	}
	rows, err := merge(flag.Arg(0), flag.Arg(1), flag.Arg(2))
	if err != nil {
		log.Fatal(err)
	}
	if err := write(*taken, rows); err != nil {
		log.Fatal(err)
	}
}

func merge(linter, endoflife, names string) ([]*row, error) {
	rows := map[string]*row{}
	at := func(name string) *row {
		if rows[name] == nil {
			rows[name] = &row{Provider: provider, Name: name}
		}
		return rows[name]
	}
	if err := readLinter(linter, at); err != nil {
		return nil, err
	}
	if err := readEndOfLife(endoflife, at); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(names)
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(string(data)) {
		at(name)
	}
	var sorted []*row
	for _, r := range rows {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *row) int { return strings.Compare(a.Name, b.Name) })
	return sorted, nil
}

// readLinter reads the lifecycle file of the CloudFormation linter.
func readLinter(path string, at func(string) *row) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var dates map[string]struct {
		Deprecated string  `json:"deprecated"`
		NoCreate   *string `json:"create-block"`
		NoUpdate   *string `json:"update-block"`
		Successor  *string `json:"successor"`
	}
	if err := json.Unmarshal(data, &dates); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	for name, d := range dates {
		r := at(name)
		r.Deprecated = d.Deprecated
		for field, value := range map[*string]*string{&r.NoCreate: d.NoCreate, &r.NoUpdate: d.NoUpdate, &r.Successor: d.Successor} {
			if value != nil {
				*field = *value
			}
		}
	}
	return nil
}

var (
	field = regexp.MustCompile(`^    (\w+): *"?([^"#]*?)"? *(#.*)?$`)
	day   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// readEndOfLife reads a page of endoflife.date: the list "releases" of its
// front matter.
func readEndOfLife(path string, at func(string) *row) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, list, ok := strings.Cut(string(data), "\nreleases:\n")
	if !ok {
		return fmt.Errorf("%s has no list of releases", path)
	}
	list, _, _ = strings.Cut(list, "\n---\n")
	for _, item := range strings.Split(list, "  - releaseCycle:")[1:] {
		name, rest, _ := strings.Cut(item, "\n")
		r := at(strings.Trim(name, ` "`))
		for _, line := range strings.Split(rest, "\n") {
			m := field.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			switch m[1] {
			case "releaseLabel":
				r.ContainerOnly = strings.Contains(m[2], "container")
			case "releaseDate":
				fill(r.Name, "released", &r.Released, m[2])
			case "eoas":
				fill(r.Name, "deprecated", &r.Deprecated, m[2])
			case "eol":
				fill(r.Name, "noUpdate", &r.NoUpdate, m[2])
			}
		}
	}
	return nil
}

// fill sets a date that is not known yet. "true" and "false" in the source
// are no dates.
func fill(name, what string, to *string, value string) {
	if !day.MatchString(value) {
		return
	}
	if *to != "" && *to != value {
		log.Printf("%s: %s: kept %s, the other source has %s", name, what, *to, value)
		return
	}
	*to = value
}

func write(taken string, rows []*row) error {
	// One runtime on a line: changes of dates read well in a diff.
	var b strings.Builder
	fmt.Fprintf(&b, "{\n\"taken\": %q,\n\"runtimes\": [\n", taken)
	for i, r := range rows {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b.Write(line)
		if i < len(rows)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n}\n")
	_, err := os.Stdout.WriteString(b.String())
	return err
}
