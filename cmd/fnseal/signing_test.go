package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fnseal/fnseal/internal/testkit/sigstore"
)

// TestSigningScripts runs testdata/signing: signing with the services of a
// Sigstore instance. $ISSUER, $TSA and the files token, other-token,
// signing_config.json and trusted_root.json are those of that instance.
func TestSigningScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/signing",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			s := sigstore.Start(t)
			s.WriteFiles(t, e.WorkDir)
			e.Setenv("ISSUER", s.Issuer.URL)
			e.Setenv("TSA", s.URL+"/api/v1/timestamp")
			e.Setenv("ROOT", root)
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("FNSEAL_PASSWORD", "correct horse")
			e.Setenv("TOKEN", s.Issuer.Token(t, nil))
			for name, claims := range map[string]map[string]any{
				"token":        nil,
				"other-token":  {"email": "other@example.com"},
				"cloud-token":  {"aud": "sts.amazonaws.com"},
				"forged-token": {"iss": "https://issuer.example"},
			} {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(s.Issuer.Token(t, claims)), 0o600); err != nil {
					return err
				}
			}
			return os.Mkdir(filepath.Join(e.WorkDir, "home"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"mkzip": mkzip,
		},
	})
}
