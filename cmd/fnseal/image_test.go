package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// TestImages runs the commands on images in a real registry on loopback and in
// a layout on disk.
func TestImages(t *testing.T) {
	amd := imagekit.Image(t, "linux/amd64", imagekit.Layer(t,
		imagekit.Dir("var/"), imagekit.Dir("var/task/"),
		imagekit.File("var/task/index.js", "require('left-pad')"),
		imagekit.File("var/task/node_modules/left-pad/package.json", `{"name": "left-pad", "version": "1.0.0", "license": "MIT"}`),
		imagekit.File("var/task/node_modules/left-pad/index.js", "module.exports = 1"),
	), imagekit.Layer(t,
		imagekit.Whiteout("var/task/node_modules/left-pad/", "index.js"),
		imagekit.File("var/task/node_modules/six/package.json", `{"name": "six", "version": "2.0.0"}`),
	))
	arm := imagekit.Image(t, "linux/arm64", imagekit.Layer(t,
		imagekit.File("var/task/node_modules/arm-only/package.json", `{"name": "arm-only", "version": "3.0.0"}`),
	))
	index := imagekit.Index(t, amd, arm)
	registry := imagekit.Serve(t, "", "", nil)
	imagekit.Push(t, registry+"/shop/app:1", index, nil)
	imagekit.Push(t, registry+"/shop/index:1", index, nil)
	plain := imagekit.Serve(t, "", "", imagekit.WithoutReferrers)
	imagekit.Push(t, plain+"/shop/app:1", index, nil)
	closed := imagekit.Serve(t, "", "", readOnly)
	imagekit.Push(t, closed+"/shop/app:1", amd, nil)
	for _, repo := range []string{"sealed", "attested", "copied", "handed"} {
		imagekit.Push(t, registry+"/shop/"+repo+":1", amd, nil)
		imagekit.Push(t, plain+"/shop/"+repo+":1", amd, nil)
	}
	layout := imagekit.WriteLayout(t, map[string]mutate.Appendable{"app": amd})

	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/image",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/cache")
			e.Setenv("ROOT", root)
			e.Setenv("REGISTRY", registry)
			e.Setenv("PLAIN_REGISTRY", plain)
			e.Setenv("CLOSED_REGISTRY", closed)
			e.Setenv("LAYOUT", layout)
			e.Setenv("FNSEAL_PASSWORD", "x")
			e.Setenv("DIGEST", imagekit.Digest(t, amd))
			return os.Mkdir(e.WorkDir+"/home", 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// readOnly stands before a registry that takes nothing once an image was
// pushed to it.
func readOnly(inner http.Handler) http.Handler {
	var full atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if full.Load() && r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			full.Store(true)
		}
	})
}
