package policy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/attest"
)

// free are the members of a receipt that say something to people and decide
// nothing.
var free = []string{"timeVerified", "slsaVersion", "verifier.version", "verifier.version.fnseal", "policy.uri"}

// TestReceiptMutations alters, drops and renames every member of an accepted
// receipt, and swaps it with another's: none is accepted but where the member
// decides nothing.
func TestReceiptMutations(t *testing.T) {
	rules := "receipts:\n  - {verifier: https://acme.example/staging, signed-by: staging, levels: SLSA_BUILD_LEVEL_3, policy: sha256:" + strings.Repeat("a", 64) + "}"
	original := toObject(t, vsa(func(v *attest.VSA) {
		v.Verifier.Version, v.Policy.URI, v.SLSAVersion = map[string]string{"fnseal": "1"}, "fnseal.yaml", "1.1"
	}))
	accepts := func(predicate map[string]any) bool {
		text, err := json.Marshal(predicate)
		if err != nil {
			t.Fatal(err)
		}
		return newWorld().add("", nil).add(attest.TypeVSA, string(text), by("staging")).judge(t, rules).Accepted()
	}
	if !accepts(original) {
		t.Fatal("the receipt is not accepted as it is")
	}
	mutations := 0
	for _, path := range paths(original, "") {
		for name, mutate := range map[string]func(o map[string]any, key string){
			"dropped": func(o map[string]any, key string) { delete(o, key) },
			"renamed": func(o map[string]any, key string) { o[strings.ToUpper(key[:1])+key[1:]] = o[key]; delete(o, key) },
			"altered": func(o map[string]any, key string) { o[key] = alter(o[key]) },
			"null":    func(o map[string]any, key string) { o[key] = nil },
			"a list":  func(o map[string]any, key string) { o[key] = []any{o[key]} },
			"empty":   func(o map[string]any, key string) { o[key] = "" },
		} {
			mutated := toObject(t, original)
			keys := strings.Split(path, ".")
			o := mutated
			for _, key := range keys[:len(keys)-1] {
				o = o[key].(map[string]any)
			}
			mutate(o, keys[len(keys)-1])
			mutations++
			if accepts(mutated) && !slices.Contains(free, path) {
				text, _ := json.Marshal(mutated)
				t.Errorf("%s %s: accepted: %s", path, name, text)
			}
		}
	}
	if mutations < 60 {
		t.Errorf("only %d mutations: the test looks in the wrong place", mutations)
	}
}

func toObject(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// paths lists the members of an object and of those in it.
func paths(o map[string]any, before string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(o)) {
		out = append(out, before+key)
		if inner, ok := o[key].(map[string]any); ok {
			out = append(out, paths(inner, before+key+".")...)
		}
	}
	return out
}

// alter returns a value of the same kind that is another.
func alter(v any) any {
	switch v := v.(type) {
	case string:
		if v == attest.VSAPassed {
			return attest.VSAFailed
		}
		return "x" + v
	case []any:
		return []any{fmt.Sprint(v[0], "0x")}
	}
	return map[string]any{"x": v}
}
