package report

import (
	"io"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/inspect"
)

type inspectJSON struct {
	Subject    subjectJSON        `json:"subject"`
	NoContent  string             `json:"noContentDigest,omitempty"`
	Form       string             `json:"form"`
	FormReason string             `json:"formReason"`
	Sizes      sizesJSON          `json:"sizes"`
	Limits     []limitJSON        `json:"limits"`
	Providers  []providerHintJSON `json:"providers"`
	Runtimes   []runtimeHintJSON  `json:"runtimes"`
	Runtime    *runtimeJSON       `json:"runtime"`
	Natives    nativesJSON        `json:"natives"`
	Languages  []languageJSON     `json:"languages"`
	Tree       treeJSON           `json:"tree"`
	Hazards    []hazardJSON       `json:"hazards"`
	Remarks    []remarkJSON       `json:"remarks"`
	Unread     unreadJSON         `json:"unread"`
}

type sizesJSON struct {
	Packed   int64 `json:"packed,omitempty"`
	Unpacked int64 `json:"unpacked"`
	Files    int   `json:"files"`
	Dirs     int   `json:"directories"`
	Links    int   `json:"links"`
	Special  int   `json:"special"`
}

type limitJSON struct {
	Provider string `json:"provider"`
	What     string `json:"what"`
	Size     int64  `json:"size"`
	Limit    int64  `json:"limit"`
	Exceeded bool   `json:"exceeded"`
	Source   string `json:"source"`
	Read     string `json:"sourceRead"`
}

type evidenceJSON struct {
	Path string `json:"path"`
	Says string `json:"says"`
}

type hintJSON struct {
	Strength string         `json:"strength"`
	Evidence []evidenceJSON `json:"evidence"`
	Count    int            `json:"evidenceCount"`
}

type providerHintJSON struct {
	Provider string `json:"provider"`
	hintJSON
}

type runtimeHintJSON struct {
	Name       string `json:"name"`
	Constraint string `json:"constraint,omitempty"`
	AtLeast    bool   `json:"atLeast,omitempty"`
	hintJSON
}

type runtimeJSON struct {
	Name       string `json:"name"`
	Stated     bool   `json:"stated"`
	State      string `json:"state"`
	AsOf       string `json:"asOf"`
	Known      bool   `json:"known"`
	Provider   string `json:"provider,omitempty"`
	Released   string `json:"released,omitempty"`
	Deprecated string `json:"deprecated,omitempty"`
	NoCreate   string `json:"noCreate,omitempty"`
	NoUpdate   string `json:"noUpdate,omitempty"`
	Successor  string `json:"successor,omitempty"`
	Taken      string `json:"datesTaken"`
}

type nativesJSON struct {
	Archs   []archJSON       `json:"architectures"`
	Files   []nativeFileJSON `json:"files"`
	Count   int              `json:"count"`
	Looked  int              `json:"looked"`
	Skipped int              `json:"skipped"`
}

type archJSON struct {
	Format  string `json:"format"`
	Arch    string `json:"architecture"`
	Files   int    `json:"files"`
	Example string `json:"example"`
}

type nativeFileJSON struct {
	Path        string   `json:"path"`
	Size        int64    `json:"size"`
	Format      string   `json:"format"`
	Archs       []string `json:"architectures"`
	Program     bool     `json:"program,omitempty"`
	Interpreter string   `json:"interpreter,omitempty"`
	Go          bool     `json:"go,omitempty"`
}

type languageJSON struct {
	Name  string `json:"name"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

type treeJSON struct {
	Top     []topJSON   `json:"top"`
	MoreTop int         `json:"moreTop,omitempty"`
	Largest []largeJSON `json:"largest"`
}

type topJSON struct {
	Name  string `json:"name"`
	Dir   bool   `json:"directory"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

type largeJSON struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

type remarkJSON struct {
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

type unreadJSON struct {
	Files []unreadFileJSON `json:"files"`
	Count int              `json:"count"`
}

type unreadFileJSON struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// InspectJSON writes the whole report as fnseal's own JSON.
func InspectJSON(w io.Writer, r *inspect.Report) error {
	out := inspectJSON{
		Subject: subjectOf(r.Subject), NoContent: r.NoContent,
		Form: string(r.Form), FormReason: r.FormReason, Sizes: sizesJSON(r.Sizes),
		Limits: listOf(r.Limits, func(u inspect.LimitUse) limitJSON {
			return limitJSON{string(u.Provider), u.What, u.Size, u.Bytes, u.Exceeded(), u.Source, u.Read}
		}),
		Providers: listOf(r.Providers, func(h inspect.ProviderHint) providerHintJSON {
			return providerHintJSON{string(h.Provider), hintOf(h.Hint)}
		}),
		Runtimes: listOf(r.Runtimes, func(h inspect.RuntimeHint) runtimeHintJSON {
			return runtimeHintJSON{h.Name, h.Constraint, h.AtLeast, hintOf(h.Hint)}
		}),
		Runtime: runtimeOf(r.Runtime),
		Natives: nativesJSON{
			Archs: listOf(r.Natives.Archs, func(a inspect.ArchCount) archJSON { return archJSON(a) }),
			Files: listOf(r.Natives.Files, func(f inspect.NativeFile) nativeFileJSON {
				return nativeFileJSON{f.Path, f.Size, f.Format, f.Archs, f.Program, f.Interpreter, f.Go}
			}),
			Count: r.Natives.Count, Looked: r.Natives.Looked, Skipped: r.Natives.Skipped,
		},
		Languages: listOf(r.Languages, func(l inspect.Language) languageJSON { return languageJSON(l) }),
		Tree: treeJSON{
			Top:     listOf(r.Tree.Top, func(e inspect.TopEntry) topJSON { return topJSON(e) }),
			MoreTop: r.Tree.MoreTop,
			Largest: listOf(r.Tree.Largest, func(f inspect.LargeFile) largeJSON { return largeJSON(f) }),
		},
		Hazards: listOf(r.Hazards, func(h fnpkg.Hazard) hazardJSON {
			return hazardJSON{ID: string(h.ID), Ambiguous: h.ID.Ambiguous(), Path: h.Path, Detail: h.Detail}
		}),
		Remarks: listOf(r.Remarks, func(m inspect.Remark) remarkJSON { return remarkJSON{string(m.ID), m.Detail} }),
		Unread: unreadJSON{
			Files: listOf(r.Unread.Files, func(u inspect.UnreadFile) unreadFileJSON { return unreadFileJSON(u) }),
			Count: r.Unread.Count,
		},
	}
	return writeJSON(w, out)
}

// listOf converts a list so that an empty one is [] in JSON, not null.
func listOf[A, B any](list []A, convert func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, convert(a))
	}
	return out
}

func hintOf(h inspect.Hint) hintJSON {
	return hintJSON{
		Strength: h.Strength.String(), Count: h.Count,
		Evidence: listOf(h.Evidence, func(e inspect.Evidence) evidenceJSON { return evidenceJSON(e) }),
	}
}

func runtimeOf(r *inspect.Runtime) *runtimeJSON {
	if r == nil {
		return nil
	}
	return &runtimeJSON{
		Name: r.Name, Stated: r.Stated, State: string(r.State), AsOf: dayText(r.AsOf), Known: r.Known,
		Provider: r.Dates.Provider, Released: dayText(r.Dates.Released), Deprecated: dayText(r.Dates.Deprecated),
		NoCreate: dayText(r.Dates.NoCreate), NoUpdate: dayText(r.Dates.NoUpdate),
		Successor: r.Dates.Successor, Taken: dayText(r.Taken),
	}
}
