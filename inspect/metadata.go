package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Bounds of what is read to find hints.
const (
	maxMetadataFiles = 1000
	maxMetadataBytes = 4 << 20
	maxConstraint    = 80 // characters of a package's own words
)

// metadataFile is a small file that is to be read, and by whom.
type metadataFile struct {
	fnpkg.Entry
	read func(s *survey, path string, data []byte)
}

// toRead asks for a file to be read after the walk.
func (s *survey) toRead(f file, read func(*survey, string, []byte)) {
	if len(s.metadata) < maxMetadataFiles && f.Size <= maxMetadataBytes {
		s.metadata = append(s.metadata, metadataFile{f.Entry, read})
	}
}

// readMetadata reads what the rules asked for, then samples of Java classes.
func (s *survey) readMetadata(ctx context.Context) error {
	for _, f := range s.metadata {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if data, ok := s.read(f.Entry, maxMetadataBytes); ok {
			f.read(s, f.Path, bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		}
	}
	return s.readClasses(ctx)
}

// readWheel takes the tags of a wheel that was made for one version of Python
// (the binary distribution format, "WHEEL"). Tags of the stable interface
// ("cp37-abi3") and of pure Python say nothing of the version.
func (s *survey) readWheel(path string, data []byte) {
	for line := range strings.Lines(string(data)) {
		tag, ok := strings.CutPrefix(line, "Tag:")
		if !ok {
			continue
		}
		part := strings.SplitN(strings.TrimSpace(tag), "-", 3)
		if len(part) != 3 || !strings.HasPrefix(part[0], "cp") || !strings.HasPrefix(part[1], part[0]) {
			continue
		}
		if name, ok := pythonRuntime(leadingDigits(part[0][2:])); ok {
			s.hints.runtime(RuntimeHint{Name: name}, Strong, path, "a wheel for "+strings.Join(part[:2], "-"))
			return
		}
	}
}

// oneMajor matches a range of versions of Node.js that allows one major
// version only.
const oneMajor = `^[\^~=v]?v?(\d{1,3})(\.(x|\*|\d{1,4})){0,2}$`

// readEngines takes engines.node of package.json.
func (s *survey) readEngines(path string, data []byte) {
	var pkg struct {
		Engines struct {
			Node string `json:"node"`
		} `json:"engines"`
	}
	// Old files have a list of strings here: nothing that npm reads.
	if json.Unmarshal(data, &pkg) != nil || strings.TrimSpace(pkg.Engines.Node) == "" {
		return
	}
	wanted := strings.TrimSpace(pkg.Engines.Node)
	if m := regexp.MustCompile(oneMajor).FindStringSubmatch(wanted); m != nil {
		s.hints.runtime(RuntimeHint{Name: "nodejs" + m[1] + ".x"}, Strong, path, `engines.node is "`+wanted+`"`)
		return
	}
	if r := []rune(wanted); len(r) > maxConstraint {
		wanted = string(r[:maxConstraint]) + "…"
	}
	s.hints.runtime(RuntimeHint{Name: "nodejs", Constraint: wanted}, Weak, path, "engines.node")
}

// readVercel takes the runtime of a function of Vercel's build output, which
// has the names of AWS Lambda.
func (s *survey) readVercel(path string, data []byte) {
	var config struct {
		Runtime string `json:"runtime"`
	}
	if json.Unmarshal(data, &config) != nil || config.Runtime == "" {
		return
	}
	if _, known := fnpkg.LookupRuntime(config.Runtime); known {
		s.hints.runtime(RuntimeHint{Name: config.Runtime}, Strong, path, "the function's configuration")
	}
}

// readWranglerNote takes the note wrangler writes beside what it built.
func (s *survey) readWranglerNote(path string, data []byte) {
	const note = `This folder contains the built output assets for the worker "`
	if bytes.HasPrefix(data, []byte(note)) {
		s.hints.provider(ProviderCloudflare, Strong, path, "wrangler's note on what it built")
	}
}

// readRuntimeConfig takes the framework of NAME.runtimeconfig.json.
func (s *survey) readRuntimeConfig(path string, data []byte) {
	type framework struct{ Name, Version string }
	var config struct {
		RuntimeOptions struct {
			TFM        string
			Framework  framework
			Frameworks []framework
			Included   []framework `json:"includedFrameworks"` // self-contained
		}
	}
	if json.Unmarshal(data, &config) != nil {
		return
	}
	o := config.RuntimeOptions
	if len(o.Included) > 0 {
		return // it brings its own and runs on a custom runtime
	}
	for _, fw := range append(o.Frameworks, o.Framework) {
		if fw.Name == "Microsoft.NETCore.App" || fw.Name == "Microsoft.AspNetCore.App" {
			s.dotnet(path, fw.Version, fw.Name+" "+fw.Version)
			return
		}
	}
	s.dotnet(path, strings.TrimPrefix(strings.TrimPrefix(o.TFM, "netcoreapp"), "net"), o.TFM)
}

// readDeps takes the target of NAME.deps.json: ".NETCoreApp,Version=v8.0".
func (s *survey) readDeps(path string, data []byte) {
	var deps struct {
		RuntimeTarget struct{ Name string } `json:"runtimeTarget"`
	}
	if json.Unmarshal(data, &deps) != nil {
		return
	}
	target, _, _ := strings.Cut(deps.RuntimeTarget.Name, "/")
	if version, ok := strings.CutPrefix(target, ".NETCoreApp,Version=v"); ok {
		s.dotnet(path, version, target)
	}
}

// dotnet adds evidence for the runtime of a version of .NET. They are named
// differently before and since version 5.
func (s *survey) dotnet(path, version, says string) {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if !isNumber(major) || !isNumber(minor) {
		return
	}
	name := "dotnet" + major
	if len(major) == 1 && major < "5" {
		name = "dotnetcore" + major + "." + minor
	} else if major == "5" {
		name = "dotnet5.0"
	}
	if r := []rune(says); len(r) > maxConstraint {
		says = string(r[:maxConstraint]) + "…"
	}
	s.hints.runtime(RuntimeHint{Name: name}, Strong, path, says)
}
