package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Platform is what an image is made for, in the words of GOOS and GOARCH.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

// ParsePlatform reads "os/arch" or "os/arch/variant". The empty string is the
// zero Platform.
func ParsePlatform(s string) (Platform, error) {
	if s == "" {
		return Platform{}, nil
	}
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") || strings.ContainsAny(s, " \t\n:@,") {
		return Platform{}, fmt.Errorf("platform %q is not of the form os/arch or os/arch/variant", s)
	}
	p := Platform{OS: strings.ToLower(parts[0]), Architecture: strings.ToLower(parts[1])}
	if len(parts) == 3 {
		p.Variant = strings.ToLower(parts[2])
	}
	// What people and uname call them.
	switch p.Architecture {
	case "x86_64", "x86-64":
		p.Architecture = "amd64"
	case "aarch64":
		p.Architecture = "arm64"
	}
	return p, nil
}

// String returns the form that ParsePlatform reads.
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// IsZero reports whether p names no platform.
func (p Platform) IsZero() bool { return p == Platform{} }

// normal returns p without the variant that is meant where none is given.
func (p Platform) normal() Platform {
	switch p.Architecture + "/" + p.Variant {
	case "amd64/v1", "arm64/v8", "arm/v7":
		p.Variant = ""
	}
	return p
}

// PlatformError says that an index has no image, or more than one, for the
// platform asked for.
type PlatformError struct {
	Wanted Platform
	// Available are the platforms there are, as String writes them, sorted.
	Available []string
	// Several is set where the index names more than one image for it.
	Several bool
}

func (e *PlatformError) Error() string {
	if e.Several {
		return fmt.Sprintf("more than one image for %s is in the index: name the one that is meant by its digest", e.Wanted)
	}
	if len(e.Available) == 0 {
		return fmt.Sprintf("there is no image for %s, or for any platform that is named", e.Wanted)
	}
	return fmt.Sprintf("there is no image for %s; there are images for %s", e.Wanted, strings.Join(e.Available, ", "))
}

// defaultPlatform is the one most functions run on.
var defaultPlatform = Platform{OS: "linux", Architecture: "amd64"}

// candidate is an image among which one is chosen by platform.
type candidate struct {
	descriptor
	index descriptor // of the index it was found in; zero in a layout's own
}

// choose returns the one image for the platform wanted. If none is wanted that
// is the default one or, among all, the only one. An only image whose platform
// the index does not tell is chosen for any: its configuration tells.
func choose(all []candidate, wanted Platform) (candidate, error) {
	all = distinct(all)
	if len(all) == 0 {
		return candidate{}, formatError("there is no image in its index")
	}
	if len(all) == 1 && (wanted.IsZero() || all[0].Platform.IsZero()) {
		return all[0], nil
	}
	if wanted.IsZero() {
		wanted = defaultPlatform
	}
	var exact, near []candidate
	for _, c := range all {
		have := c.Platform.normal()
		switch want := wanted.normal(); {
		case have == want:
			exact = append(exact, c)
		case wanted.Variant == "" && have.OS == want.OS && have.Architecture == want.Architecture:
			near = append(near, c)
		}
	}
	if len(exact) == 0 {
		exact = near
	}
	if len(exact) == 1 {
		return exact[0], nil
	}
	e := &PlatformError{Wanted: wanted, Several: len(exact) > 1}
	const shown = 20
	for _, c := range all {
		if name := c.Platform.String(); !c.Platform.IsZero() && !slices.Contains(e.Available, name) && len(e.Available) < shown {
			e.Available = append(e.Available, name)
		}
	}
	slices.Sort(e.Available)
	return candidate{}, e
}

// distinct drops what is listed again under the same platform.
func distinct(all []candidate) []candidate {
	var out []candidate
	for _, c := range all {
		if !slices.ContainsFunc(out, func(o candidate) bool {
			return o.digest == c.digest && (o.Platform == c.Platform || c.Platform.IsZero())
		}) {
			out = append(out, c)
		}
	}
	return out
}
