package zipvec

import (
	"fmt"
	"strings"
)

// Readme returns the README.md of the folder that holds the vectors as files.
func Readme() string {
	var b strings.Builder
	b.WriteString(`# Attack vectors

Zip archives that no packer makes, each with something wrong, and what fnseal
must answer. The files and this table are made by

    go run ./testdata/vectors/gen

from the list in internal/testkit/zipvec; a test holds them against it byte for
byte. What is larger than 1 MB is made only when a test runs, and marked so.

The folder benign holds archives of real packers, in which nothing may be found
wrong.

| file | what is wrong with it | expected |
|---|---|---|
`)
	for _, v := range Vectors() {
		name := v.Name + ".zip"
		if v.Large {
			name += " (made in tests)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, v.Wrong, v.expected())
	}
	return b.String()
}

func (v Vector) expected() string {
	var parts []string
	for _, id := range v.Hazards {
		parts = append(parts, "`"+string(id)+"`")
	}
	if v.Open != Succeeds {
		parts = append(parts, fmt.Sprintf("opening fails: `%s`", v.Open))
	}
	if v.Read != Succeeds {
		parts = append(parts, fmt.Sprintf("reading fails: `%s`", v.Read))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
