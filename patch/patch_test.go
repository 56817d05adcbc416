package patch_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/patch/vex"
	"github.com/fnseal/fnseal/vulndb"
)

var today = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// ahead is a feed in a table: by name@version, the candidates with what affects
// them.
type ahead map[string][]patch.Candidate

func (a ahead) Candidates(_ context.Context, c fnpkg.Component) ([]patch.Candidate, error) {
	return a[c.Name+"@"+c.Version], nil
}

// candidates reads "1.2.4 1.3.0:GHSA-2,GHSA-3": versions and what affects them.
func candidates(text string) []patch.Candidate {
	var out []patch.Candidate
	for _, word := range strings.Fields(text) {
		version, affecting, _ := strings.Cut(word, ":")
		c := patch.Candidate{Version: version}
		if affecting != "" {
			c.Affecting = strings.Split(affecting, ",")
		}
		out = append(out, c)
	}
	return out
}

func npm(name, version string) fnpkg.Component {
	purl := "pkg:npm/" + name
	if version != "" {
		purl += "@" + version
	}
	return fnpkg.Component{PURL: purl, Type: "npm", Name: name, Version: version, Origin: fnpkg.OriginShipped,
		Occurrences: []fnpkg.Occurrence{{Path: "node_modules/" + name + "/package.json"}}}
}

func finding(c fnpkg.Component, id string, severity vulndb.Severity, fixed ...string) vulndb.Finding {
	return vulndb.Finding{
		Component: c, Ecosystem: "npm", ID: id, Records: []string{id}, Severity: severity, Fixed: fixed,
		Published: date("2026-11-01"),
	}
}

// inventory makes the inventory of a package from its components; all of them
// are direct unless edges say otherwise.
func inventory(name string, edges []fnpkg.Edge, components ...fnpkg.Component) *fnpkg.Inventory {
	inv := &fnpkg.Inventory{Subject: fnpkg.Subject{Name: name, Kind: fnpkg.KindZip, Digest: fnpkg.Digest{1}}, Components: components, Edges: edges}
	if edges == nil {
		for _, c := range components {
			inv.Edges = append(inv.Edges, fnpkg.Edge{To: c.PURL})
		}
	}
	return inv
}

func result(findings ...vulndb.Finding) *vulndb.Result {
	return &vulndb.Result{Findings: findings, Assessed: 1}
}

func plan(t *testing.T, b *patch.Builder, feed patch.Feed) *patch.Plan {
	t.Helper()
	p, err := b.Plan(context.Background(), feed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// upgrades writes those of a plan as "name from→to (step) clears … leaves …".
func upgrades(p *patch.Plan) []string {
	var out []string
	for _, u := range p.Upgrades {
		var from, clears, leaves []string
		for _, v := range u.From {
			from = append(from, v.Version)
		}
		for _, f := range u.Clears {
			clears = append(clears, f.ID)
		}
		for _, f := range u.Remains {
			leaves = append(leaves, f.ID)
		}
		line := u.Name + " " + strings.Join(from, ",") + "→" + u.To + " (" + string(u.Step) + ") clears " + strings.Join(clears, ",")
		if len(leaves)+len(u.Also) > 0 {
			line += " leaves " + strings.Join(append(leaves, u.Also...), ",")
		}
		out = append(out, line)
	}
	return out
}

func TestUpgradeOfOneComponent(t *testing.T) {
	a := npm("a", "1.2.3")
	both := []vulndb.Finding{finding(a, "X-1", "high", "1.2.5"), finding(a, "X-2", "low", "1.3.0")}
	for _, tt := range []struct {
		name       string
		findings   []vulndb.Finding
		candidates string
		want       []string
	}{
		{"the lowest that nothing affects, not the first fix", both, "1.2.5:X-2 1.3.0 2.0.0", []string{"a 1.2.3→1.3.0 (minor) clears X-1,X-2"}},
		{"the smaller step where it clears as much", both, "1.2.9 1.3.0 2.0.0", []string{"a 1.2.3→1.2.9 (patch) clears X-1,X-2"}},
		{"the larger step where it clears more", both, "1.2.5:X-2 2.0.0", []string{"a 1.2.3→2.0.0 (major) clears X-1,X-2"}},
		{"what remains is said", both, "1.2.5:X-2 2.0.0:X-2", []string{"a 1.2.3→1.2.5 (patch) clears X-1 leaves X-2"}},
		{"a fix with a defect of its own gives way", both[:1], "1.2.5:X-9 1.2.6", []string{"a 1.2.3→1.2.6 (patch) clears X-1"}},
		{"out of the frying pan", both[:1], "1.2.5:X-9", nil},
		{"a release before a release candidate", both[:1], "1.3.0-rc.1 1.3.0", []string{"a 1.2.3→1.3.0 (minor) clears X-1"}},
		{"a release candidate where there is nothing else", both[:1], "2.0.0-rc.1", []string{"a 1.2.3→2.0.0-rc.1 (major) clears X-1"}},
		{"no fix", both[:1], "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := patch.NewBuilder(patch.Options{AsOf: today})
			b.Add(inventory("f.zip", nil, a), result(tt.findings...), "")
			p := plan(t, b, ahead{"a@1.2.3": candidates(tt.candidates)})
			if diff := cmp.Diff(tt.want, upgrades(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, f := range p.Findings {
				if (f.Remedy == patch.RemedyUpgrade) != (f.To != "") {
					t.Errorf("%s: remedy %s to %q", f.ID, f.Remedy, f.To)
				}
			}
		})
	}
}

// TestOptions shows the best of each step, what it clears and what it leaves.
func TestOptions(t *testing.T) {
	a := npm("a", "1.2.3")
	b := patch.NewBuilder(patch.Options{AsOf: today})
	b.Add(inventory("f.zip", nil, a), result(finding(a, "X-1", "high", "1.2.5"), finding(a, "X-2", "low", "2.0.0")), "")
	p := plan(t, b, ahead{"a@1.2.3": candidates("1.2.5:X-2 1.2.6:X-2 1.4.0:X-2,X-7 2.0.0")})
	want := []patch.Option{
		{Step: patch.StepPatch, To: "1.2.5", Clears: 1, Left: []string{"X-2"}},
		{Step: patch.StepMinor, To: "1.4.0", Clears: 1, Left: []string{"X-2", "X-7"}},
		{Step: patch.StepMajor, To: "2.0.0", Clears: 2},
	}
	if diff := cmp.Diff(want, p.Upgrades[0].From[0].Options); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFewestUpgrades(t *testing.T) {
	// Three functions hold three versions of one package. 1.2.9 would do for
	// the first and 1.2.12 for all, so all go to 1.2.12; the one that is a
	// major version ahead keeps to its own.
	versions := map[string]string{
		"a@1.2.3": "1.2.9 1.2.12 2.0.4", "a@1.2.8": "1.2.9:X-1 1.2.12 2.0.4", "a@1.2.10": "1.2.12 2.0.4", "a@2.0.0": "2.0.4",
	}
	feed, b := ahead{}, patch.NewBuilder(patch.Options{AsOf: today})
	for _, key := range []string{"a@2.0.0", "a@1.2.10", "a@1.2.3", "a@1.2.8"} {
		feed[key] = candidates(versions[key])
		a := npm("a", strings.TrimPrefix(key, "a@"))
		b.Add(inventory("f"+a.Version+".zip", nil, a), result(finding(a, "X-1", "high", "9")), "")
	}
	p := plan(t, b, feed)
	want := []string{
		"a 1.2.3,1.2.8,1.2.10→1.2.12 (patch) clears X-1,X-1,X-1",
		"a 2.0.0→2.0.4 (patch) clears X-1",
	}
	if diff := cmp.Diff(want, upgrades(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, p.Upgrades[0].Functions); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestWhereItComesFrom(t *testing.T) {
	app, mid, deep := npm("app", "1.0.0"), npm("mid", "2.0.0"), npm("deep", "3.0.0")
	edges := []fnpkg.Edge{{To: app.PURL}, {From: app.PURL, To: mid.PURL}, {From: mid.PURL, To: deep.PURL}}
	stray := npm("stray", "1.0.0")
	b := patch.NewBuilder(patch.Options{AsOf: today})
	b.Add(inventory("f.zip", edges, app, mid, deep, stray), result(
		finding(app, "X-1", "high", "1.0.1"), finding(deep, "X-2", "high", "3.0.1"), finding(stray, "X-3", "high", "1.0.1"),
	), "")
	p := plan(t, b, ahead{"app@1.0.0": candidates("1.0.1"), "deep@3.0.0": candidates("3.0.1"), "stray@1.0.0": candidates("1.0.1")})
	type where struct {
		Direct bool
		Via    []string
		Run    []string
	}
	want := map[string]where{
		"app":   {Direct: true, Run: []string{"npm install app@1.0.1"}},
		"deep":  {Via: []string{"app@1.0.0", "mid@2.0.0"}, Run: []string{"npm pkg set 'overrides[deep]=3.0.1'", "npm install"}},
		"stray": {Run: []string{"npm install stray@1.0.1"}},
	}
	got := map[string]where{}
	for _, u := range p.Upgrades {
		w := where{Direct: u.Places[0].Direct, Via: u.Places[0].Via}
		for _, c := range u.Commands {
			w.Run = append(w.Run, c.Text)
		}
		got[u.Name] = w
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSharedLayersFirst: what lies in a layer that two functions use comes
// before what is worse in one of them.
func TestSharedLayersFirst(t *testing.T) {
	own, shared := npm("own", "1.0.0"), npm("shared", "1.0.0")
	own.Occurrences = []fnpkg.Occurrence{{Path: "var/task/node_modules/own/package.json"}}
	shared.Occurrences = []fnpkg.Occurrence{{Path: "opt/nodejs/node_modules/shared/package.json"}}
	b := patch.NewBuilder(patch.Options{AsOf: today})
	for _, name := range []string{"one.zip", "two.zip"} {
		inv := inventory(name, nil, own, shared)
		inv.Subject.Layers = []fnpkg.Layer{{Name: "base.zip"}}
		b.Add(inv, result(finding(own, "X-1", "critical", "1.0.1"), finding(shared, "X-2", "low", "1.0.1")), "")
	}
	p := plan(t, b, ahead{"own@1.0.0": candidates("1.0.1"), "shared@1.0.0": candidates("1.0.1")})
	if diff := cmp.Diff([]string{"shared 1.0.0→1.0.1 (patch) clears X-2", "own 1.0.0→1.0.1 (patch) clears X-1"}, upgrades(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"base.zip"}, p.Upgrades[0].Shared); diff != "" {
		t.Errorf("shared layers (-want +got):\n%s", diff)
	}
}

func TestRemedies(t *testing.T) {
	evil, unfixed, unknown, provided := npm("evil", "1.0.0"), npm("unfixed", "1.0.0"), npm("unknown", ""), npm("boto", "1.0.0")
	provided.Origin = fnpkg.OriginRuntime
	malicious := finding(evil, "MAL-2026-1", "unknown", "1.0.1")
	malicious.Malicious = true
	possible := finding(unknown, "X-2", "high", "1.0.1")
	possible.Possible = true
	b := patch.NewBuilder(patch.Options{AsOf: today})
	b.Add(inventory("f.zip", nil, evil, unfixed, unknown, provided), result(
		malicious, finding(unfixed, "X-1", "high"), possible, finding(provided, "X-3", "low", "1.0.1"),
	), "")
	p := plan(t, b, ahead{
		"evil@1.0.0": candidates("1.0.1"), "boto@1.0.0": candidates("1.0.1"),
	})
	want := map[string]patch.Remedy{
		"MAL-2026-1": patch.RemedyRemove, "X-1": patch.RemedyNone, "X-2": patch.RemedyIdentify, "X-3": patch.RemedyProvider,
	}
	got := map[string]patch.Remedy{}
	for _, f := range p.Findings {
		got[f.ID] = f.Remedy
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(p.Upgrades) != 0 {
		t.Errorf("upgrades: %q", upgrades(p))
	}
	if len(p.Removals) != 1 || p.Findings[0].ID != "MAL-2026-1" || p.Removals[0].Commands[0].Text != "npm uninstall evil" {
		t.Errorf("removals: %+v", p.Removals)
	}
}

func TestSuppression(t *testing.T) {
	a := npm("a", "1.2.3")
	ids := func(p *patch.Plan) (open, aside []string) {
		for _, f := range p.Findings {
			for _, place := range f.Places {
				open = append(open, f.ID+" "+p.Targets[place.Target].Name)
			}
		}
		for _, s := range p.Suppressed {
			for _, place := range s.Finding.Places {
				aside = append(aside, s.Finding.ID+" "+p.Targets[place.Target].Name+" "+s.By.Kind)
			}
		}
		slices.Sort(open)
		slices.Sort(aside)
		return open, aside
	}
	for _, tt := range []struct {
		name        string
		options     patch.Options
		open, aside []string
	}{
		{"nothing", patch.Options{}, []string{"X-1 one.zip", "X-1 two.zip", "X-2 one.zip", "X-2 two.zip"}, nil},
		{"ignored by an alias, for one package", patch.Options{Ignore: []patch.Ignore{{ID: "cve-1", Target: "one.zip", Expires: date("2026-12-01")}}},
			[]string{"X-1 two.zip", "X-2 one.zip", "X-2 two.zip"}, []string{"X-1 one.zip ignore"}},
		{"ignored on its last day", patch.Options{Ignore: []patch.Ignore{{ID: "X-1", Package: "pkg:npm/a", Expires: date("2026-11-25")}}},
			[]string{"X-2 one.zip", "X-2 two.zip"}, []string{"X-1 one.zip ignore", "X-1 two.zip ignore"}},
		{"ignored until yesterday", patch.Options{Ignore: []patch.Ignore{{ID: "X-1", Expires: date("2026-11-24")}}},
			[]string{"X-1 one.zip", "X-1 two.zip", "X-2 one.zip", "X-2 two.zip"}, nil},
		{"ignored of another package", patch.Options{Ignore: []patch.Ignore{{ID: "X-1", Package: "pkg:npm/a@1.2.4", Expires: date("2026-12-01")}}},
			[]string{"X-1 one.zip", "X-1 two.zip", "X-2 one.zip", "X-2 two.zip"}, nil},
		{"not affected in one package", patch.Options{VEX: []vex.Statement{{IDs: []string{"X-2"}, Status: vex.NotAffected,
			Products: []vex.Product{{ID: "pkg:generic/two.zip", Subcomponents: []string{"pkg:npm/a@1.2.3"}}}}}},
			[]string{"X-1 one.zip", "X-1 two.zip", "X-2 one.zip"}, []string{"X-2 two.zip vex"}},
		{"still affected", patch.Options{VEX: []vex.Statement{{IDs: []string{"X-2"}, Status: vex.Affected, Products: []vex.Product{{ID: a.PURL}}}}},
			[]string{"X-1 one.zip", "X-1 two.zip", "X-2 one.zip", "X-2 two.zip"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.AsOf = today
			b := patch.NewBuilder(tt.options)
			one := finding(a, "X-1", "high", "1.2.4")
			one.Aliases = []string{"CVE-1"}
			for _, name := range []string{"one.zip", "two.zip"} {
				b.Add(inventory(name, nil, a), result(one, finding(a, "X-2", "high", "1.2.4")), "")
			}
			p := plan(t, b, ahead{"a@1.2.3": candidates("1.2.4")})
			open, aside := ids(p)
			if diff := cmp.Diff(tt.open, open); diff != "" {
				t.Errorf("open (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.aside, aside); diff != "" {
				t.Errorf("set aside (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSettledDoesNotHinder: a defect that was set aside does not keep the plan
// from a version it still affects.
func TestSettledDoesNotHinder(t *testing.T) {
	a := npm("a", "1.2.3")
	b := patch.NewBuilder(patch.Options{AsOf: today, Ignore: []patch.Ignore{{ID: "X-2", Expires: date("2026-12-01")}}})
	b.Add(inventory("f.zip", nil, a), result(finding(a, "X-1", "high", "1.2.4"), finding(a, "X-2", "high", "2.0.0")), "")
	p := plan(t, b, ahead{"a@1.2.3": candidates("1.2.4:X-2 2.0.0")})
	if diff := cmp.Diff([]string{"a 1.2.3→1.2.4 (patch) clears X-1"}, upgrades(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
