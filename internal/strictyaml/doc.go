// Package strictyaml reads YAML that people write and machines obey. Whatever
// a reader of the file could overlook or misunderstand is an error with its
// line and column: unknown and duplicate keys, values of another type than is
// wanted, keys without a value, anchors and aliases, tags, further documents.
//
// What a file may say is a Go struct:
//
//   - A field's name in the file is in its `yaml` tag; a field without one is
//     not read.
//   - The jsonschema tag that a schema is made from is obeyed: required, enum
//     and minimum. A list that is given is never empty.
//   - Structs, slices, maps with text keys, pointers, text, whole numbers,
//     numbers and booleans are read as what they are: text that YAML takes for
//     a number must be quoted.
//   - A type that implements [encoding.TextUnmarshaler] is read from a scalar.
//   - A type that implements [OneOrMore] may be written as a single element
//     where a list is meant.
package strictyaml
