package inspect

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// judgeRuntime decides on the runtime the package is judged by and looks up
// its lifecycle.
func (r *Report) judgeRuntime(o Options) {
	name, stated := o.Runtime, o.Runtime != ""
	if !stated {
		name = r.agreedRuntime()
	}
	if name == "" {
		return
	}
	run := &Runtime{Name: name, Stated: stated, State: fnpkg.RuntimeUnknown, AsOf: o.AsOf, Taken: fnpkg.RuntimesTaken()}
	run.Dates, run.Known = fnpkg.LookupRuntime(name)
	if run.Known {
		run.State = run.Dates.StateAt(o.AsOf)
	}
	r.Runtime = run
}

// agreedRuntime returns the runtime that all strong hints name, if it is one of
// AWS Lambda's and nothing says that the package is for another provider.
func (r *Report) agreedRuntime() string {
	for _, p := range r.Providers {
		if p.Strength == Strong && p.Provider != ProviderAWS {
			return ""
		}
	}
	name := ""
	for _, h := range r.Runtimes {
		if h.Strength != Strong {
			continue
		}
		if h.AtLeast || name != "" {
			return ""
		}
		name = h.Name
	}
	if _, known := fnpkg.LookupRuntime(name); !known {
		return ""
	}
	return name
}

// remark adds what follows from the rest of the report.
func (r *Report) remark() {
	for _, u := range r.Limits {
		if u.Exceeded() {
			r.add(RemarkOverLimit, "%d bytes are over the limit of %s, %d (%s, %s)", u.Size, u.Provider, u.Bytes, u.Text, u.What)
		}
	}
	r.remarkRuntime()
	r.remarkNatives()
	// Functions in Java may be a folder lib of archives alone.
	if len(r.Tree.Top) == 1 && r.Tree.Top[0].Dir && r.Tree.Top[0].Name != "lib" && r.Form == FormDeployment {
		r.add(RemarkSingleFolder, "everything lies in %q: providers look for the handler at the root", r.Tree.Top[0].Name)
	}
}

func (r *Report) add(id RemarkID, format string, args ...any) {
	r.Remarks = append(r.Remarks, Remark{ID: id, Detail: fmt.Sprintf(format, args...)})
}

func (r *Report) remarkRuntime() {
	run := r.Runtime
	if run == nil {
		return
	}
	switch run.State {
	case fnpkg.RuntimeUnknown, fnpkg.RuntimeUnreleased:
		reason := "is in no table of runtimes"
		if run.Known {
			reason = "has no dates in the table"
		}
		if run.State == fnpkg.RuntimeUnreleased {
			reason = "is not released by then"
		}
		r.add(RemarkRuntimeUnknown, "%q %s: nothing can be said about its support", run.Name, reason)
	case fnpkg.RuntimeSupported:
	default:
		text := fmt.Sprintf("%s is deprecated since %s", run.Name, run.Dates.Deprecated.Format("2006-01-02"))
		if run.Dates.Deprecated.After(run.AsOf) {
			text = run.Name + " is closed"
		}
		switch run.State {
		case fnpkg.RuntimeNoCreate:
			text += ", no function can be created with it"
		case fnpkg.RuntimeNoUpdate:
			text += ", no function on it can be updated"
		}
		if run.Dates.Successor != "" {
			text += "; move to " + run.Dates.Successor
		}
		r.add(RemarkRuntimeEnding, "%s", text)
	}
	if !run.Stated {
		return
	}
	r.remarkMismatch(run.Name)
	if strings.HasPrefix(run.Name, "provided") && (r.Form == FormDeployment || r.Form == FormDirectory) && !r.madeFor("provided.*") {
		r.add(RemarkNoBootstrap, "%s starts a bootstrap, and there is none at the root: a layer has to bring it", run.Name)
	}
}

// madeFor reports whether there is a hint for the runtime.
func (r *Report) madeFor(name string) bool {
	return slices.ContainsFunc(r.Runtimes, func(h RuntimeHint) bool { return h.Name == name })
}

// remarkMismatch compares the stated runtime with strong hints of the same
// language.
func (r *Report) remarkMismatch(stated string) {
	language, version := splitRuntime(stated)
	for _, h := range r.Runtimes {
		wantLanguage, want := splitRuntime(h.Name)
		if h.Strength != Strong || wantLanguage != language || want == version || version == "" || want == "" {
			continue
		}
		if h.AtLeast && !olderThan(version, want) {
			continue
		}
		r.add(RemarkRuntimeMismatch, "stated is %s, but %s is for %s: %s", stated, h.Evidence[0].Path, h.Name, h.Evidence[0].Says)
	}
}

// splitRuntime splits "python3.12" into "python" and "3.12", "nodejs20.x" into
// "nodejs" and "20", "java17.al2023" into "java" and "17".
func splitRuntime(name string) (language, version string) {
	i := strings.IndexAny(name, "0123456789")
	if i < 0 {
		return name, ""
	}
	language, version = name[:i], name[i:]
	if language == "java" || language == "nodejs" {
		version, _, _ = strings.Cut(version, ".")
	}
	return language, version
}

func olderThan(a, b string) bool {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	return errX == nil && errY == nil && x < y
}

// remarkNatives judges native code by the machines providers of zips offer:
// Linux on x86_64 or arm64, one of them for the whole function.
func (r *Report) remarkNatives() {
	var linux, foreign []string
	for _, a := range r.Natives.Archs {
		text := fmt.Sprintf("%s (%d, such as %s)", a.Arch, a.Files, a.Example)
		switch a.Format {
		case FormatELF:
			linux = append(linux, text)
		case FormatPE, FormatMachO:
			foreign = append(foreign, a.Format+" for "+text)
		}
	}
	for _, f := range r.Natives.Files {
		if strings.HasPrefix(path.Base(f.Interpreter), "ld-musl-") && r.Form != FormImage {
			r.add(RemarkMuslLoader, "%s asks for %s, which the systems of managed and custom runtimes do not have", f.Path, f.Interpreter)
			break
		}
	}
	if len(linux) > 1 {
		r.add(RemarkMixedArch, "code for more than one machine: %s", strings.Join(linux, ", "))
	}
	if len(foreign) > 0 && !slices.ContainsFunc(r.Providers, func(h ProviderHint) bool { return h.Provider == ProviderAzure }) {
		r.add(RemarkForeignNative, "code that does not run on Linux: %s", strings.Join(foreign, ", "))
	}
}

// checkBootstrap looks at what every custom runtime starts with.
func (s *survey) checkBootstrap(e fnpkg.Entry, head []byte) {
	if !e.Executable() {
		s.remarks = append(s.remarks, Remark{RemarkBootstrapMode, "bootstrap has no execute permission: the function would fail to start"})
	}
	if line, _, ok := bytes.Cut(head, []byte("\n")); ok && bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r")) {
		s.remarks = append(s.remarks, Remark{RemarkBootstrapLines, "the first line of bootstrap ends in CR LF: the interpreter it names is not found"})
	}
}
