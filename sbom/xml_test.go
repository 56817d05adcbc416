package sbom_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/sbom"
)

// The schema of CycloneDX in XML uses a small part of XML Schema: sequences and
// choices of elements, attributes, and simple types with lists of values and
// patterns. That part is checked here.

// xmlNode is an element of a document or schema.
type xmlNode struct {
	name     xml.Name
	attrs    map[string]string // without namespace declarations
	children []*xmlNode
	text     string
}

func parseXML(t testing.TB, text []byte) *xmlNode {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(text))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		token, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch x := token.(type) {
		case xml.StartElement:
			n := &xmlNode{name: x.Name, attrs: map[string]string{}}
			for _, a := range x.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					n.attrs[a.Name.Local] = a.Value
				}
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(x)
		}
	}
	if len(root.children) != 1 {
		t.Fatalf("%d root elements", len(root.children))
	}
	return root.children[0]
}

// xmlSchema are the named parts of a schema.
type xmlSchema struct {
	space string
	named map[string]*xmlNode // by "element name", "complexType name" and so on
}

func loadXMLSchema(t testing.TB, file string) *xmlSchema {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root := parseXML(t, text)
	s := &xmlSchema{space: root.attrs["targetNamespace"], named: map[string]*xmlNode{}}
	for _, n := range root.children {
		s.named[n.name.Local+" "+n.attrs["name"]] = n
	}
	if len(s.named) < 50 {
		t.Fatalf("%s: only %d named parts", file, len(s.named))
	}
	return s
}

func (s *xmlSchema) validate(document *xmlNode) error {
	if document.name != (xml.Name{Space: s.space, Local: "bom"}) {
		return fmt.Errorf("root element %v", document.name)
	}
	return s.element(s.named["element bom"], document)
}

// child is the first child of n of one of the kinds.
func child(n *xmlNode, kinds ...string) *xmlNode {
	for _, c := range n.children {
		if slices.Contains(kinds, c.name.Local) {
			return c
		}
	}
	return nil
}

// typeOf returns the type an element or attribute is declared with: a node, or
// the name of one that XML Schema itself defines.
func (s *xmlSchema) typeOf(decl *xmlNode) (*xmlNode, string) {
	if inner := child(decl, "complexType", "simpleType"); inner != nil {
		return inner, ""
	}
	return s.lookup(decl.attrs["type"])
}

func (s *xmlSchema) lookup(name string) (*xmlNode, string) {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		local = prefix
	}
	for _, kind := range []string{"complexType ", "simpleType "} {
		if n := s.named[kind+local]; n != nil && prefix != "xs" {
			return n, ""
		}
	}
	return nil, name
}

func (s *xmlSchema) element(decl, n *xmlNode) error {
	err := s.typed(decl, n)
	if err != nil {
		return fmt.Errorf("%s: %w", n.name.Local, err)
	}
	return nil
}

func (s *xmlSchema) typed(decl, n *xmlNode) error {
	typ, builtin := s.typeOf(decl)
	if typ == nil || typ.name.Local == "simpleType" {
		if len(n.children) > 0 || len(n.attrs) > 0 {
			return fmt.Errorf("children or attributes in a simple element")
		}
		return s.simple(typ, builtin, n.text)
	}
	attributes, content := typ, child(typ, "sequence", "choice")
	if simple := child(typ, "simpleContent"); simple != nil {
		extension := child(simple, "extension")
		attributes = extension
		base, builtin := s.lookup(extension.attrs["base"])
		if err := s.simple(base, builtin, n.text); err != nil {
			return err
		}
	} else if strings.TrimSpace(n.text) != "" {
		return fmt.Errorf("text %q between elements", strings.TrimSpace(n.text))
	}
	if err := s.attributes(attributes, n); err != nil {
		return err
	}
	if content == nil {
		if len(n.children) > 0 {
			return fmt.Errorf("elements in an empty one")
		}
		return nil
	}
	if ends := s.match(content, n.children, 0); !slices.Contains(ends, len(n.children)) {
		var names []string
		for _, c := range n.children {
			names = append(names, c.name.Local)
		}
		return fmt.Errorf("elements %q are none of what the schema allows here", names)
	}
	for _, c := range n.children {
		if d := declared(content, c.name.Local); d != nil && c.name.Space == s.space {
			if err := s.element(s.resolve(d), c); err != nil {
				return err
			}
		}
	}
	return nil
}

// resolve follows an element's reference to a global one.
func (s *xmlSchema) resolve(decl *xmlNode) *xmlNode {
	if ref := decl.attrs["ref"]; ref != "" {
		return s.named["element "+ref[strings.Index(ref, ":")+1:]]
	}
	return decl
}

func elementName(decl *xmlNode) string {
	if ref := decl.attrs["ref"]; ref != "" {
		return ref[strings.Index(ref, ":")+1:]
	}
	return decl.attrs["name"]
}

// declared finds the declaration of an element in a content model.
func declared(model *xmlNode, name string) *xmlNode {
	for _, c := range model.children {
		switch c.name.Local {
		case "element":
			if elementName(c) == name {
				return c
			}
		case "sequence", "choice":
			if d := declared(c, name); d != nil {
				return d
			}
		}
	}
	return nil
}

// match returns where in list a part of a content model can end that begins
// at the given place.
func (s *xmlSchema) match(part *xmlNode, list []*xmlNode, at int) []int {
	least, most := 1, 1
	if v := part.attrs["minOccurs"]; v != "" {
		least, _ = strconv.Atoi(v)
	}
	if v := part.attrs["maxOccurs"]; v == "unbounded" {
		most = len(list) + 1
	} else if v != "" {
		most, _ = strconv.Atoi(v)
	}
	ends := map[int]bool{}
	now := []int{at}
	for n := 0; ; n++ {
		if n >= least {
			for _, e := range now {
				ends[e] = true
			}
		}
		if n == most || len(now) == 0 {
			break
		}
		next := map[int]bool{}
		for _, e := range now {
			for _, end := range s.once(part, list, e) {
				if end > e || n < least {
					next[end] = true
				}
			}
		}
		now = now[:0:0]
		for e := range next {
			now = append(now, e)
		}
	}
	var out []int
	for e := range ends {
		out = append(out, e)
	}
	return out
}

func (s *xmlSchema) once(part *xmlNode, list []*xmlNode, at int) []int {
	switch part.name.Local {
	case "element":
		if at < len(list) && list[at].name == (xml.Name{Space: s.space, Local: elementName(part)}) {
			return []int{at + 1}
		}
		return nil
	case "any":
		if at < len(list) && list[at].name.Space != s.space {
			return []int{at + 1}
		}
		return nil
	case "choice":
		var ends []int
		for _, c := range part.children {
			ends = append(ends, s.match(c, list, at)...)
		}
		return ends
	case "sequence":
		now := []int{at}
		for _, c := range part.children {
			var next []int
			for _, e := range now {
				next = append(next, s.match(c, list, e)...)
			}
			slices.Sort(next)
			now = slices.Compact(next)
		}
		return now
	}
	return nil
}

// attributesOf lists the attributes of a type, those of groups too.
func (s *xmlSchema) attributesOf(typ *xmlNode) []*xmlNode {
	var out []*xmlNode
	for _, c := range typ.children {
		switch ref := c.attrs["ref"]; c.name.Local {
		case "attribute":
			out = append(out, c)
		case "attributeGroup":
			out = append(out, s.attributesOf(s.named["attributeGroup "+ref[strings.Index(ref, ":")+1:]])...)
		}
	}
	return out
}

func (s *xmlSchema) attributes(typ, n *xmlNode) error {
	known := map[string]bool{}
	for _, a := range s.attributesOf(typ) {
		name := a.attrs["name"]
		known[name] = true
		value, ok := n.attrs[name]
		if !ok {
			if a.attrs["use"] == "required" {
				return fmt.Errorf("no attribute %s", name)
			}
			continue
		}
		typ, builtin := s.typeOf(a)
		if err := s.simple(typ, builtin, value); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	for name := range n.attrs {
		if !known[name] {
			return fmt.Errorf("attribute %s is not in the schema", name)
		}
	}
	return nil
}

// simple checks a value by a simple type of the schema or of XML Schema.
func (s *xmlSchema) simple(typ *xmlNode, builtin, value string) error {
	if typ == nil {
		return builtinValue(builtin, value)
	}
	if union := child(typ, "union"); union != nil {
		var last error
		for member := range strings.FieldsSeq(union.attrs["memberTypes"]) {
			typ, builtin := s.lookup(member)
			if last = s.simple(typ, builtin, value); last == nil {
				return nil
			}
		}
		for _, inner := range union.children {
			if last = s.simple(inner, "", value); last == nil {
				return nil
			}
		}
		return last
	}
	restriction := child(typ, "restriction")
	var allowed []string
	for _, facet := range restriction.children {
		switch v := facet.attrs["value"]; facet.name.Local {
		case "enumeration":
			allowed = append(allowed, v)
		case "pattern":
			if !regexp.MustCompile(`^(?:` + v + `)$`).MatchString(value) {
				return fmt.Errorf("%q does not match %s", value, v)
			}
		case "minLength":
			if n, _ := strconv.Atoi(v); len(value) < n {
				return fmt.Errorf("%q is too short", value)
			}
		}
	}
	if allowed != nil && !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %q", value, allowed)
	}
	base, name := s.lookup(restriction.attrs["base"])
	return s.simple(base, name, value)
}

func builtinValue(name, value string) error {
	var err error
	switch strings.TrimPrefix(name, "xs:") {
	case "dateTime":
		_, err = time.Parse(time.RFC3339, value)
	case "decimal", "double", "float":
		_, err = strconv.ParseFloat(value, 64)
	case "integer", "nonNegativeInteger", "positiveInteger":
		_, err = strconv.Atoi(value)
	case "boolean":
		_, err = strconv.ParseBool(value)
	case "string", "normalizedString", "token", "anyURI", "ID", "spdx:licenseId", "":
	default:
		err = fmt.Errorf("unknown type %s", name)
	}
	return err
}

func validateXML(t *testing.T, document []byte, version string) {
	t.Helper()
	if version == "" {
		version = "1.6"
	}
	if err := loadXMLSchema(t, "../testdata/schemas/bom-"+version+".xsd").validate(parseXML(t, document)); err != nil {
		t.Errorf("not valid CycloneDX %s: %v", version, err)
	}
}

// The checker itself must find what is wrong.
func TestXMLSchemaChecks(t *testing.T) {
	s := loadXMLSchema(t, "../testdata/schemas/bom-1.6.xsd")
	good := string(writeAs(t, rich(), sbom.CycloneDXXML, richOptions))
	for name, wrong := range map[string][2]string{
		"an unknown element":     {"<lifecycles>", "<nonsense></nonsense><lifecycles>"},
		"a wrong order":          {"<timestamp>2026-01-02T03:04:05Z</timestamp>", ""},
		"an unknown attribute":   {`type="library"`, `type="library" kind="x"`},
		"a wrong value":          {`type="library"`, `type="librairy"`},
		"an attribute too few":   {` type="library"`, ``},
		"a wrong time":           {"2026-01-02T03:04:05Z", "yesterday"},
		"a wrong number":         {"<confidence>0.7</confidence>", "<confidence>high</confidence>"},
		"a wrong pattern":        {"urn:uuid:", "uuid:"},
		"text between elements":  {"<lifecycles>", "x<lifecycles>"},
		"another root":           {"bom", "bomb"},
		"elements in simple one": {"<phase>post-build</phase>", "<phase><post-build/></phase>"},
	} {
		text := strings.Replace(good, wrong[0], wrong[1], 1)
		if name == "a wrong order" {
			text = strings.Replace(text, "</metadata>", wrong[0]+"</metadata>", 1)
		}
		if name == "another root" {
			text = strings.ReplaceAll(good, "<bom ", "<bomb ")
			text = strings.ReplaceAll(text, "</bom>", "</bomb>")
		}
		if text == good {
			t.Errorf("%s: nothing to change", name)
		}
		if err := s.validate(parseXML(t, []byte(text))); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
	if err := s.validate(parseXML(t, []byte(good))); err != nil {
		t.Error(err)
	}
}
