package fnpkg_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

const runtimeSources = "../testdata/runtimes/"

func day(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func runtimeNamed(t testing.TB, name string) fnpkg.Runtime {
	t.Helper()
	r, ok := fnpkg.LookupRuntime(name)
	if !ok {
		t.Fatalf("no runtime %q in the table", name)
	}
	return r
}

func TestRuntimeStateAt(t *testing.T) {
	for _, c := range []struct {
		name, on string
		want     fnpkg.RuntimeState
	}{
		{"python3.12", "2026-11-22", fnpkg.RuntimeSupported},
		{"python3.12", "2023-12-13", fnpkg.RuntimeUnreleased},
		{"python3.12", "2023-12-14", fnpkg.RuntimeSupported},
		{"python3.12", "2028-10-30", fnpkg.RuntimeSupported},
		{"python3.12", "2028-10-31", fnpkg.RuntimeDeprecated},
		{"python3.12", "2028-11-30", fnpkg.RuntimeNoCreate},
		{"python3.12", "2029-01-09", fnpkg.RuntimeNoCreate},
		{"python3.12", "2029-01-10", fnpkg.RuntimeNoUpdate},
		{"nodejs18.x", "2026-11-22", fnpkg.RuntimeDeprecated},
		{"nodejs18.x", "2027-02-01", fnpkg.RuntimeNoCreate},
		{"go1.x", "2026-11-22", fnpkg.RuntimeNoCreate},
		{"python2.7", "2026-11-22", fnpkg.RuntimeNoUpdate},
		{"dotnet7", "2026-11-22", fnpkg.RuntimeDeprecated}, // a base image: nothing is blocked
		{"nodejs4.3", "2020-02-10", fnpkg.RuntimeNoCreate}, // blocked before it was deprecated
		{"java17.al2023", "2029-07-31", fnpkg.RuntimeDeprecated},
		{"nodejs26.x", "2026-11-22", fnpkg.RuntimeUnknown}, // a name without dates
	} {
		if got := runtimeNamed(t, c.name).StateAt(day(t, c.on)); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.name, c.on, got, c.want)
		}
	}
	if got := (fnpkg.Runtime{Name: "cobol85"}).StateAt(day(t, "2026-11-22")); got != fnpkg.RuntimeUnknown {
		t.Errorf("a runtime of which nothing is known: %s", got)
	}
	// The last second of the day before, in another zone.
	before := time.Date(2028, 10, 31, 1, 59, 59, 0, time.FixedZone("", 2*60*60))
	if got := runtimeNamed(t, "python3.12").StateAt(before); got != fnpkg.RuntimeSupported {
		t.Errorf("days are not those of UTC: %s", got)
	}
}

func TestLookupRuntimeUnknown(t *testing.T) {
	for _, name := range []string{"", "python", "python3.12 ", "Python3.12", "python3.99", "nodejs\x00"} {
		if r, ok := fnpkg.LookupRuntime(name); ok {
			t.Errorf("%q is %v", name, r)
		}
		if c, ok := fnpkg.RuntimeComponent(name); ok {
			t.Errorf("%q is %v", name, c)
		}
	}
}

// TestRuntimesOrdered holds the table to what lifecycles look like.
func TestRuntimesOrdered(t *testing.T) {
	all := fnpkg.Runtimes()
	if len(all) < 50 {
		t.Fatalf("only %d runtimes", len(all))
	}
	// Before 2021 the provider blocked creation first and deprecated later.
	orderly := day(t, "2021-01-01")
	for i, r := range all {
		if i > 0 && all[i-1].Name >= r.Name {
			t.Errorf("%s stands behind %s", r.Name, all[i-1].Name)
		}
		ascending := func(what string, a, b time.Time) {
			t.Helper()
			if !a.IsZero() && !b.IsZero() && b.Before(a) {
				t.Errorf("%s: %s: %s is before %s", r.Name, what, b.Format(time.DateOnly), a.Format(time.DateOnly))
			}
		}
		ascending("deprecated before it was released", r.Released, r.Deprecated)
		ascending("blocked before it was released", r.Released, r.NoCreate)
		ascending("updates blocked before creation", r.NoCreate, r.NoUpdate)
		if r.Deprecated.After(orderly) {
			ascending("creation blocked before deprecation", r.Deprecated, r.NoCreate)
			ascending("updates blocked before deprecation", r.Deprecated, r.NoUpdate)
		}
		if r.Deprecated.IsZero() && !(r.NoCreate.IsZero() && r.NoUpdate.IsZero()) {
			t.Errorf("%s: blocked without a date of deprecation", r.Name)
		}
		if r.ContainerOnly && !(r.NoCreate.IsZero() && r.NoUpdate.IsZero()) {
			t.Errorf("%s: a base image cannot be blocked", r.Name)
		}
		if r.Successor != "" {
			next := runtimeNamed(t, r.Successor)
			if next.Successor != "" {
				t.Errorf("%s: its successor %s is not the last of the family", r.Name, next.Name)
			}
			if state := next.StateAt(fnpkg.RuntimesTaken()); state != fnpkg.RuntimeSupported {
				t.Errorf("%s: its successor %s is %s", r.Name, next.Name, state)
			}
		}
		if r.Provider != "aws-lambda" {
			t.Errorf("%s: provider %q", r.Name, r.Provider)
		}
	}
}

// TestRuntimesSources reads the sources again, in its own way, and compares.
func TestRuntimesSources(t *testing.T) {
	sameDay := func(name, what, source string, got time.Time) {
		t.Helper()
		text := ""
		if !got.IsZero() {
			text = got.Format(time.DateOnly)
		}
		if text != source {
			t.Errorf("%s: %s %q, the source has %q", name, what, text, source)
		}
	}
	data, err := os.ReadFile(runtimeSources + "aws-lambda.cfn-lint.json")
	if err != nil {
		t.Fatal(err)
	}
	var linter map[string]map[string]string
	if err := json.Unmarshal(data, &linter); err != nil {
		t.Fatal(err)
	}
	if len(linter) < 40 {
		t.Fatalf("only %d runtimes in the source", len(linter))
	}
	for name, dates := range linter {
		r := runtimeNamed(t, name)
		sameDay(name, "deprecated", dates["deprecated"], r.Deprecated)
		sameDay(name, "create-block", dates["create-block"], r.NoCreate)
		sameDay(name, "update-block", dates["update-block"], r.NoUpdate)
		if r.Successor != dates["successor"] {
			t.Errorf("%s: successor %q, the source has %q", name, r.Successor, dates["successor"])
		}
	}

	page, err := os.ReadFile(runtimeSources + "aws-lambda.endoflife.md")
	if err != nil {
		t.Fatal(err)
	}
	releases := regexp.MustCompile(`releaseCycle: "([^"]+)"(?s:.*?)releaseDate: (\S+)\n    eoas: (\S+)\n`).FindAllStringSubmatch(string(page), -1)
	if n := strings.Count(string(page), "releaseCycle:"); n < 50 || len(releases) != n {
		t.Fatalf("read %d of %d releases", len(releases), n)
	}
	for _, m := range releases {
		r := runtimeNamed(t, m[1])
		sameDay(r.Name, "released", m[2], r.Released)
		if linter[r.Name] == nil {
			sameDay(r.Name, "deprecated", m[3], r.Deprecated)
		}
	}

	names, err := os.ReadFile(runtimeSources + "aws-lambda.sdk-names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(names)) {
		runtimeNamed(t, name)
	}
}

// TestRuntimesEnding counts those that end on two days on which many do.
func TestRuntimesEnding(t *testing.T) {
	create, update := 0, 0
	for _, r := range fnpkg.Runtimes() {
		if r.NoCreate.Equal(day(t, "2027-02-01")) {
			create++
		}
		if r.NoUpdate.Equal(day(t, "2027-03-03")) {
			update++
		}
	}
	if create != 10 || update != 16 {
		t.Errorf("%d runtimes end creation and %d end updates, want 10 and 16", create, update)
	}
}

func TestRuntimeComponent(t *testing.T) {
	c, ok := fnpkg.RuntimeComponent("python3.12")
	if !ok {
		t.Fatal("not in the table")
	}
	if c.PURL != "pkg:generic/aws-lambda/python3.12" || c.Origin != fnpkg.OriginRuntime || c.Version != "" || c.Name != "aws-lambda/python3.12" {
		t.Errorf("%+v", c)
	}
	for name, want := range map[string]string{
		"python3.12": "pkg:pypi/boto3 pkg:pypi/botocore",
		"nodejs16.x": "pkg:npm/aws-sdk",
		"nodejs18.x": "",
		"java21":     "",
		"dotnet9":    "",
	} {
		var purls []string
		for _, c := range runtimeNamed(t, name).Provided() {
			purls = append(purls, c.PURL)
			if c.Origin != fnpkg.OriginRuntime || c.Version != "" {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if got := strings.Join(purls, " "); got != want {
			t.Errorf("%s provides %q, want %q", name, got, want)
		}
	}
}
