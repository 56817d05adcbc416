package policy

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"github.com/fnseal/fnseal/verify"
	"github.com/fnseal/fnseal/vulndb"
)

// The facts that expressions see. They are types rather than maps so that a
// misspelt name is an error when the policy is read, not when it must decide.
type (
	celArtifact struct {
		Name    string   `cel:"name"`
		Digest  string   `cel:"digest"`
		Kind    string   `cel:"kind"`
		Hazards []string `cel:"hazards"`
	}
	celBundle struct {
		Source        string    `cel:"source"`
		PredicateType string    `cel:"predicate_type"`
		Signers       []string  `cel:"signers"`
		Subject       string    `cel:"subject"`
		Issuer        string    `cel:"issuer"`
		Repository    string    `cel:"repository"`
		Ref           string    `cel:"ref"`
		Workflow      string    `cel:"workflow"`
		Runner        string    `cel:"runner"`
		Timestamped   bool      `cel:"timestamped"`
		Time          time.Time `cel:"time"`
	}
	celComponent struct {
		Name     string   `cel:"name"`
		Version  string   `cel:"version"`
		PURL     string   `cel:"purl"`
		Type     string   `cel:"type"`
		Origin   string   `cel:"origin"`
		Licenses []string `cel:"licenses"`
		Supplier string   `cel:"supplier"`
	}
	celCoverage struct {
		Ecosystem string `cel:"ecosystem"`
		State     string `cel:"state"`
		Edges     string `cel:"edges"`
		Files     int64  `cel:"files"`
	}
	celFinding struct {
		ID        string   `cel:"id"`
		Aliases   []string `cel:"aliases"`
		Package   string   `cel:"package"`
		Version   string   `cel:"version"`
		PURL      string   `cel:"purl"`
		Severity  string   `cel:"severity"`
		Score     float64  `cel:"score"`
		EPSS      float64  `cel:"epss"`
		Exploited bool     `cel:"exploited"`
		Malicious bool     `cel:"malicious"`
		Fixed     []string `cel:"fixed"`
	}
)

// celVariables are the facts by their names. The order is that of the manual.
var celVariables = [...]struct {
	name string
	of   *cel.Type
}{
	{"artifact", cel.ObjectType("policy.celArtifact")},
	{"bundles", cel.ListType(cel.ObjectType("policy.celBundle"))},
	{"components", cel.ListType(cel.ObjectType("policy.celComponent"))},
	{"coverage", cel.ListType(cel.ObjectType("policy.celCoverage"))},
	{"findings", cel.ListType(cel.ObjectType("policy.celFinding"))},
	{"now", cel.TimestampType},
}

const (
	maxExpression = 4 << 10 // bytes of an expression
	maxCost       = 1 << 24 // steps of an evaluation: seconds at most
)

// celEnvironment knows the facts; with a predicate it knows that too. It is made
// when the first expression is compiled: most policies have none.
var celEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		ext.NativeTypes(ext.ParseStructTags(true),
			reflect.TypeFor[celArtifact](), reflect.TypeFor[celBundle](), reflect.TypeFor[celComponent](),
			reflect.TypeFor[celCoverage](), reflect.TypeFor[celFinding]()),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(64),
	}
	for _, v := range celVariables {
		options = append(options, cel.Variable(v.name, v.of))
	}
	return cel.NewEnv(options...)
})

// condition is a compiled expression.
type condition struct{ program cel.Program }

// compile reads an expression that yields true or false.
func compile(text string, withPredicate bool) (*condition, error) {
	env, err := celEnvironment()
	if err != nil {
		return nil, err
	}
	if withPredicate {
		if env, err = env.Extend(cel.Variable("predicate", cel.DynType)); err != nil {
			return nil, err
		}
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		first := issues.Errors()[0]
		return nil, fmt.Errorf("not valid CEL: %s (at %d:%d of the expression)", clip(first.Message), first.Location.Line(), first.Location.Column()+1)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("yields %s, not true or false", t)
	}
	program, err := env.Program(ast, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, err
	}
	return &condition{program}, nil
}

// holds evaluates a condition. It says why it does not hold, "" if it does; one
// that cannot be evaluated does not.
func (c *condition) holds(facts map[string]any, predicate map[string]any) (why string) {
	defer func() {
		if p := recover(); p != nil {
			why = fmt.Sprintf("it cannot be evaluated: %v", p)
		}
	}()
	if predicate != nil {
		facts["predicate"] = predicate
		defer delete(facts, "predicate")
	}
	out, _, err := c.program.Eval(facts)
	switch {
	case err != nil:
		return "it cannot be evaluated: " + clip(err.Error())
	case out.Value() == true:
		return ""
	case out.Value() == false:
		return "it does not hold"
	}
	return "it yields neither true nor false"
}

// expression judges a condition of the policy.
func (j *judging) expression(rule string, x Expression) {
	c := Check{ID: CheckExpression, Wanted: x.That, Found: ""}
	why := errors.New("it was not compiled").Error()
	if x.that != nil {
		why = x.that.holds(j.celFacts(), nil)
	}
	if why != "" {
		c.Reason = x.Name + ": " + why
		if x.Message != "" && why == "it does not hold" {
			c.Reason = x.Name + ": " + x.Message
		}
	} else {
		c.Found = x.Name
	}
	j.add(rule, c)
}

// celFacts returns what expressions see: what is proven, and nothing that was
// only claimed by somebody who is not accepted.
func (j *judging) celFacts() map[string]any {
	if j.docs.cel != nil {
		return j.docs.cel
	}
	a := celArtifact{Name: j.facts.Name, Digest: j.facts.Digest.String(), Kind: string(j.pkg.Kind)}
	for _, h := range j.pkg.Hazards {
		a.Hazards = append(a.Hazards, string(h.ID))
	}
	bundles, components, coverage := []celBundle{}, []celComponent{}, []celCoverage{}
	for i, b := range j.facts.Bundles {
		if !b.Proves() {
			continue
		}
		bundles = append(bundles, j.celBundle(b))
		if b.Statement == nil || !isSBOM(b.PredicateType()) {
			continue
		}
		inv, err := j.docs.inventory(i)
		if err != nil {
			continue
		}
		for _, c := range inv.Components {
			out := celComponent{Name: c.Name, Version: c.Version, PURL: c.PURL, Type: c.Type, Origin: string(c.Origin), Supplier: c.Producer.Name}
			for _, l := range c.Licenses {
				out.Licenses = append(out.Licenses, l.Expression+l.Name)
			}
			components = append(components, out)
		}
		for _, row := range inv.Coverage {
			coverage = append(coverage, celCoverage{row.Ecosystem, string(row.State), string(row.Edges), int64(row.Files)})
		}
	}
	j.docs.cel = map[string]any{
		"artifact": a, "bundles": bundles, "components": components, "coverage": coverage,
		"findings": j.celFindings(), "now": j.policy.At,
	}
	return j.docs.cel
}

func (j *judging) celBundle(b verify.BundleFact) celBundle {
	out := celBundle{Source: b.Source, PredicateType: b.PredicateType(), Signers: j.names(b), Timestamped: !b.Earliest().IsZero(), Time: b.Earliest()}
	if c := b.Certificate; c != nil {
		out.Subject, out.Issuer = c.Subject, c.Issuer
		out.Repository, out.Ref, out.Workflow, out.Runner = c.SourceRepository, c.SourceRef, c.SignerWorkflow, c.RunnerEnvironment
	}
	return out
}

// celFindings are those of the match against the local feed, else those of all
// attested scans.
func (j *judging) celFindings() []celFinding {
	var all []vulndb.Finding
	if j.pkg.Scan != nil {
		all = j.pkg.Scan.Findings
	} else {
		for i, b := range j.facts.Bundles {
			if b.Statement == nil || !isScan(b.PredicateType()) || !b.Proves() {
				continue
			}
			if s, err := readScan(b.PredicateType(), j.docs.object(i)); err == nil {
				all = slices.Concat(all, s.findings)
			}
		}
	}
	out := make([]celFinding, 0, len(all))
	for _, f := range all {
		c := celFinding{
			ID: f.ID, Aliases: f.Aliases, Package: f.Component.Name, Version: f.Component.Version, PURL: f.Component.PURL,
			Severity: string(f.Severity), Score: f.Score, Exploited: f.KEV != nil, Malicious: f.Malicious, Fixed: f.Fixed,
		}
		if f.EPSS != nil {
			c.EPSS = f.EPSS.Probability
		}
		out = append(out, c)
	}
	return out
}

// Variables lists the facts that expressions see, for a person.
func Variables() string {
	names := make([]string, len(celVariables))
	for i, v := range celVariables {
		names[i] = v.name
	}
	return strings.Join(names, ", ")
}
