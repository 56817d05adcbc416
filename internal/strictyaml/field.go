package strictyaml

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// field is a field of a struct that is read from a file.
type field struct {
	index []int
	demands
}

// demands are what the jsonschema tag of a field says of its value, or of the
// elements of a list.
type demands struct {
	required bool
	enum     []string
	minimum  *int64
}

// fieldsOf returns the fields of a struct by their names in a file; those of
// embedded structs are its own.
func fieldsOf(t reflect.Type) map[string]field {
	fields := make(map[string]field)
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = field{f.Index, demandsOf(f.Tag.Get("jsonschema"))}
		}
	}
	return fields
}

// demandsOf reads the part of a jsonschema tag that is obeyed here.
func demandsOf(tag string) demands {
	var d demands
	for _, part := range strings.Split(tag, ",") {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "required":
			d.required = true
		case "enum":
			d.enum = append(d.enum, value)
		case "minimum":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				panic("strictyaml: minimum " + value)
			}
			d.minimum = &n
		}
	}
	return d
}

// demand holds a value against what its field's tag says.
func (d *decoder) demand(n *yamlv3.Node, path string, v reflect.Value, want demands) {
	switch {
	case len(want.enum) == 1 && n.Value != want.enum[0]:
		d.errorf(n, path, "must be %s", want.enum[0])
	case len(want.enum) > 0 && !slices.Contains(want.enum, n.Value):
		d.errorf(n, path, "%q is none of %s", clip(n.Value), strings.Join(want.enum, ", "))
	case want.minimum != nil && v.CanInt() && v.Int() < *want.minimum:
		d.errorf(n, path, "must be at least %d", *want.minimum)
	case want.required && v.Kind() == reflect.String && v.Len() == 0:
		d.errorf(n, path, "is empty")
	}
}
