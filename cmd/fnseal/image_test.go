package main

import (
	"os"
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
	layout := imagekit.WriteLayout(t, map[string]mutate.Appendable{"app": amd})

	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/image",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/cache")
			e.Setenv("REGISTRY", registry)
			e.Setenv("LAYOUT", layout)
			e.Setenv("FNSEAL_PASSWORD", "x")
			e.Setenv("DIGEST", imagekit.Digest(t, amd))
			return os.Mkdir(e.WorkDir+"/home", 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}
