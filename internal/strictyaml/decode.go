package strictyaml

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/fnseal/fnseal/internal/nearest"
)

// OneOrMore is implemented by types of lists that may be written as a single
// element: "name: x" for "name: [x]".
type OneOrMore interface{ OneOrMore() }

var (
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	oneType  = reflect.TypeFor[OneOrMore]()
)

type decoder struct {
	doc  *Document
	errs []*Error
}

func (d *decoder) errorf(n *yamlv3.Node, path, format string, args ...any) {
	d.errs = append(d.errs, &Error{
		File: d.doc.name, Line: max(1, n.Line), Col: max(1, n.Column), Path: path, Msg: fmt.Sprintf(format, args...),
	})
}

func (d *decoder) into(n *yamlv3.Node, v any) {
	d.value(n, "", reflect.ValueOf(v).Elem(), demands{}, 0)
}

// value reads n into v.
func (d *decoder) value(n *yamlv3.Node, path string, v reflect.Value, wanted demands, depth int) {
	d.doc.places[path] = place{max(1, n.Line), max(1, n.Column)}
	if !d.plain(n, path, depth) {
		return
	}
	if n.Kind == yamlv3.ScalarNode && n.Tag == "!!null" {
		d.errorf(n, path, "has no value: give it one or remove it")
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.CanAddr() && v.Addr().Type().Implements(textType):
		d.text(n, path, v)
	case v.Kind() == reflect.Struct:
		d.object(n, path, v, depth)
	case v.Kind() == reflect.Map:
		d.dictionary(n, path, v, depth)
	case v.Kind() == reflect.Slice:
		d.list(n, path, v, wanted, depth)
	default:
		if d.scalar(n, path, v) {
			d.demand(n, path, v, wanted)
		}
	}
}

// plain refuses what makes a file say more than a reader sees.
func (d *decoder) plain(n *yamlv3.Node, path string, depth int) bool {
	switch {
	case depth > maxDepth:
		d.errorf(n, path, "nested more than %d deep", maxDepth)
	case n.Kind == yamlv3.AliasNode:
		d.errorf(n, path, "*%s: aliases are not read here: write the value out", clip(n.Value))
	case n.Anchor != "":
		d.errorf(n, path, "&%s: anchors are not read here", clip(n.Anchor))
	case n.Style&yamlv3.TaggedStyle != 0:
		d.errorf(n, path, "%s: tags are not read here", clip(n.Tag))
	default:
		return true
	}
	return false
}

// pairs calls each for the keys of a mapping, refusing keys that are no text
// and those that come twice.
func (d *decoder) pairs(n *yamlv3.Node, path string, depth int, each func(key string, k, v *yamlv3.Node)) {
	if n.Kind != yamlv3.MappingNode {
		d.errorf(n, path, "wants keys and values, not %s", describe(n))
		return
	}
	first := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !d.plain(k, path, depth) {
			continue
		}
		if k.Kind != yamlv3.ScalarNode || k.Tag != "!!str" {
			d.errorf(k, path, "a key is text, not %s", describe(k))
			continue
		}
		if line, twice := first[k.Value]; twice {
			d.errorf(k, keyPath(path, k.Value), "is here twice, first in line %d", line)
			continue
		}
		first[k.Value] = k.Line
		each(k.Value, k, v)
	}
}

func (d *decoder) object(n *yamlv3.Node, path string, v reflect.Value, depth int) {
	fields := fieldsOf(v.Type())
	given := make(map[string]bool)
	d.pairs(n, path, depth, func(key string, k, val *yamlv3.Node) {
		f, ok := fields[key]
		if !ok {
			msg := fmt.Sprintf("there is no key %q here", clip(key))
			if near := nearest.Word(key, slices.Collect(maps.Keys(fields))); near != "" {
				msg += fmt.Sprintf("; did you mean %q?", near)
			} else {
				msg += "; there are " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
			}
			d.errorf(k, path, "%s", msg)
			return
		}
		given[key] = true
		d.value(val, keyPath(path, key), v.FieldByIndex(f.index), f.demands, depth+1)
	})
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].required && !given[name] && n.Kind == yamlv3.MappingNode {
			d.errorf(n, keyPath(path, name), "is missing")
		}
	}
}

func (d *decoder) dictionary(n *yamlv3.Node, path string, v reflect.Value, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, depth, func(key string, k, val *yamlv3.Node) {
		name := reflect.New(v.Type().Key()).Elem()
		elem := reflect.New(v.Type().Elem()).Elem()
		if name.Addr().Type().Implements(textType) {
			d.text(k, path, name)
		} else {
			name.SetString(key)
		}
		d.value(val, keyPath(path, key), elem, demands{}, depth+1)
		v.SetMapIndex(name, elem)
	})
}

func (d *decoder) list(n *yamlv3.Node, path string, v reflect.Value, wanted demands, depth int) {
	elements := n.Content
	switch {
	case n.Kind == yamlv3.SequenceNode:
	case v.Type().Implements(oneType):
		elements = []*yamlv3.Node{n}
	default:
		d.errorf(n, path, "wants a list, not %s", describe(n))
		return
	}
	if len(elements) == 0 {
		d.errorf(n, path, "is an empty list: fill it or remove it")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	for i, e := range elements {
		d.value(e, fmt.Sprintf("%s[%d]", path, i), v.Index(i), wanted, depth+1)
	}
}

func (d *decoder) text(n *yamlv3.Node, path string, v reflect.Value) {
	// A date is text to whoever writes it, and so is a number of days.
	if n.Kind != yamlv3.ScalarNode || n.Tag == "!!bool" {
		d.errorf(n, path, "wants text, not %s", describe(n))
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.errorf(n, path, "%v", err)
	}
}

// scalar reads a single value and reports whether it could.
func (d *decoder) scalar(n *yamlv3.Node, path string, v reflect.Value) bool {
	want := func(tag, what string) bool {
		if n.Kind == yamlv3.ScalarNode && n.Tag == tag {
			return true
		}
		hint := ""
		if tag == "!!str" && n.Kind == yamlv3.ScalarNode {
			hint = ": quote it"
		}
		d.errorf(n, path, "wants %s, not %s%s", what, describe(n), hint)
		return false
	}
	switch v.Kind() {
	case reflect.String:
		if !want("!!str", "text") {
			return false
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if !want("!!bool", "true or false") {
			return false
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int, reflect.Int64:
		if !want("!!int", "a whole number") {
			return false
		}
		i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
		if err != nil {
			d.errorf(n, path, "%q is not a whole number, or too large", clip(n.Value))
			return false
		}
		v.SetInt(i)
	case reflect.Float64:
		if n.Tag != "!!int" && !want("!!float", "a number") {
			return false
		}
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || f-f != 0 { // not a number, or infinite
			d.errorf(n, path, "%q is not a number", clip(n.Value))
			return false
		}
		v.SetFloat(f)
	default:
		panic("strictyaml: cannot read into " + v.Type().String())
	}
	return true
}

// keyPath returns the path of a key of the value at path.
func keyPath(path, key string) string {
	if path == "" {
		return clip(key)
	}
	return path + "." + clip(key)
}

// describe names what a node holds, for a person.
func describe(n *yamlv3.Node) string {
	switch n.Kind {
	case yamlv3.MappingNode:
		return "keys and values"
	case yamlv3.SequenceNode:
		return "a list"
	case yamlv3.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!merge":
		return "a merge key"
	}
	return fmt.Sprintf("text (%q)", clip(n.Value))
}

// clip bounds text that is repeated in a message.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
