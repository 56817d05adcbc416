package patch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestStepBetween(t *testing.T) {
	for _, tt := range []struct {
		purlType, from, to string
		want               Step
	}{
		{"npm", "1.2.3", "1.2.4", StepPatch},
		{"npm", "1.2.3", "1.3.0", StepMinor},
		{"npm", "1.2.3", "2.0.0", StepMajor},
		{"npm", "0.2.3", "0.2.4", StepPatch},
		{"npm", "0.2.3", "0.3.0", StepMajor}, // ^0.2.3 does not admit it
		{"npm", "0.0.3", "0.0.4", StepMajor},
		{"pypi", "0.2.3", "0.3.0", StepMinor},
		{"pypi", "2.0", "2.0.1", StepPatch},
		{"pypi", "2023.1", "2024.7.4", StepMajor},
		{"pypi", "1.0", "1!1.0", StepMajor},
		{"golang", "v0.16.0", "0.17.0", StepMinor},
		{"golang", "go1.22.1", "1.22.5", StepPatch},
		{"golang", "v0.0.0-20210107192922-496545a6307b", "0.1.0", StepMinor},
		{"maven", "2.14.1.RELEASE", "2.17.1", StepMinor},
		{"deb", "1.1.1n-0+deb11u3", "3.0.0-1", StepPatch},
		{"cargo", "0.4.1", "0.4.9", StepPatch},
	} {
		if got := stepBetween(tt.purlType, tt.from, tt.to); got != tt.want {
			t.Errorf("%s %s → %s is %s, want %s", tt.purlType, tt.from, tt.to, got, tt.want)
		}
	}
}

// TestCoverIsMinimal compares the search with trying all subsets.
func TestCoverIsMinimal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		versions := 1 + r.IntN(7)
		var members []*member
		for range 1 + r.IntN(8) {
			m := &member{}
			for v := range versions {
				if r.IntN(3) == 0 {
					m.targets = append(m.targets, fmt.Sprintf("1.0.%d", v))
				}
			}
			members = append(members, m)
		}
		chosen := cover(members)
		used := map[string]bool{}
		for _, m := range members {
			v, ok := chosen[m]
			if ok != (len(m.targets) > 0) || ok && !slices.Contains(m.targets, v) {
				t.Fatalf("round %d: %v is sent to %q", round, m.targets, v)
			}
			if ok {
				used[v] = true
			}
		}
		least := versions
		for set := range 1 << versions {
			hits, size := true, 0
			for v := range versions {
				size += set >> v & 1
			}
			for _, m := range members {
				hit := len(m.targets) == 0
				for _, v := range m.targets {
					var n int
					fmt.Sscanf(v, "1.0.%d", &n)
					hit = hit || set>>n&1 == 1
				}
				hits = hits && hit
			}
			if hits {
				least = min(least, size)
			}
		}
		if len(used) != least {
			t.Fatalf("round %d: %d versions where %d are enough", round, len(used), least)
		}
	}
}

// TestGreedy is what is left where the search gives up: still an answer.
func TestGreedy(t *testing.T) {
	members := []*member{{targets: []string{"1", "2"}}, {targets: []string{"2", "3"}}, {targets: []string{"4"}}}
	if got := greedy(members, versionOrder(members)); !slices.Equal(got, []string{"2", "4"}) {
		t.Errorf("chose %v", got)
	}
}

func TestShell(t *testing.T) {
	for _, hostile := range []string{"-g", "a b", "$(id)", "a;b", "a\nb", "`id`", "a|b", "", "--x", "a'b", "a\"b", "a\\b", "a>b", "é"} {
		if runnable(hostile) {
			t.Errorf("%q is let into a command line", hostile)
		}
	}
	for _, name := range []string{"@scope/name", "left-pad", "org.apache:log4j", "github.com/a/b/v2", "1.0.0+build.1", "2:1.1~rc1", "zope.interface"} {
		if !runnable(name) {
			t.Errorf("%q is no name", name)
		}
	}
	if got := shell("npm", "pkg", "set", "overrides[a]=1", "it's"); got != `npm pkg set 'overrides[a]=1' 'it'\''s'` {
		t.Errorf("quoted as %s", got)
	}
}
