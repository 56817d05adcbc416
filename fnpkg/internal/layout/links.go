package layout

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

const (
	// maxHops is how many links one path may lead through, as on Linux
	// (path_resolution(7)); beyond it a link counts as looping.
	maxHops = 40

	// maxSteps bounds what walking all links together may cost, in units of
	// one path element of 16 bytes. Links to links to long paths multiply;
	// half a million ordinary links stay far below.
	maxSteps = 50_000_000
)

var (
	errEscapes = errors.New("leads out of the package")
	errLoops   = errors.New("leads in a circle")
)

// checkLinks follows each symbolic link the way an operating system would,
// through other links of the package.
func checkLinks(entries []fnpkg.Entry, found *List) error {
	targets := make(map[string]string)
	for _, e := range entries {
		if e.IsLink() {
			targets[e.Path] = e.LinkTarget
		}
	}
	r := resolver{targets: targets, steps: maxSteps}
	for _, e := range entries {
		if !e.IsLink() {
			continue
		}
		if e.LinkTarget == "" {
			found.Add(fnpkg.HazardInvalidName, e.Path, "a link to an empty name")
			continue
		}
		if strings.ContainsRune(e.LinkTarget, 0) {
			found.Add(fnpkg.HazardControlName, e.Path, "a NUL in the link's target")
			continue
		}
		if strings.Contains(e.LinkTarget, `\`) {
			found.Add(fnpkg.HazardBackslashPath, e.Path, "a backslash in the link's target")
		}
		switch err := r.follow(e.Path); {
		case errors.Is(err, errEscapes):
			found.Add(fnpkg.HazardEscapingLink, e.Path, fmt.Sprintf("a link to %q leaves the package", e.LinkTarget))
		case errors.Is(err, errLoops):
			found.Add(fnpkg.HazardLoopingLink, e.Path, fmt.Sprintf("a link to %q never arrives", e.LinkTarget))
		case err != nil:
			return err
		}
	}
	return nil
}

type resolver struct {
	targets map[string]string // by path of the link
	steps   int               // what may still be spent of maxSteps
}

// follow resolves the link at start. A target that does not exist is fine: it
// may be provided by a layer or by the runtime.
func (r *resolver) follow(start string) error {
	pending := []string{path.Base(start)} // elements still to walk, the next one last
	at := path.Dir(start)
	if at == "." {
		at = ""
	}
	hops := 0
	for len(pending) > 0 {
		if r.steps -= 1 + len(at)/16; r.steps < 0 {
			return &fnpkg.LimitError{What: "steps in following symbolic links", Limit: maxSteps, Got: maxSteps + 1}
		}
		element := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		switch element {
		case "", ".":
			continue
		case "..":
			if at == "" {
				return errEscapes
			}
			if at = path.Dir(at); at == "." {
				at = ""
			}
			continue
		}
		next := element
		if at != "" {
			next = at + "/" + element
		}
		target, ok := r.targets[next]
		if !ok {
			at = next
			continue
		}
		if hops++; hops > maxHops {
			return errLoops
		}
		if strings.HasPrefix(target, "/") || drive(target) {
			return errEscapes
		}
		elements := strings.Split(target, "/")
		for i := len(elements) - 1; i >= 0; i-- {
			pending = append(pending, elements[i])
		}
	}
	return nil
}
