package inspect

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// maxLooked is how many files are looked into for native code.
const maxLooked = 20_000

// mayBeNative reports whether a file is worth looking into: by its name, or
// because it can be executed and its name does not say that it is text.
func mayBeNative(f file) bool {
	switch f.ext {
	case ".so", ".node", ".dll", ".exe", ".dylib", ".pyd", ".wasm", ".bin", ".elf", ".out":
		return true
	case "":
		return true
	}
	if strings.Contains(f.base, ".so.") || strings.HasPrefix(f.base, ".") && strings.Count(f.base, ".") == 1 {
		return true
	}
	return f.Executable() && !isTextExt(f.ext)
}

// isTextExt reports whether files of that extension are text, though many
// packers mark every file as executable.
func isTextExt(ext string) bool {
	if languageOf(ext) != "" {
		return ext != ".wasm" && ext != ".jar"
	}
	switch ext {
	case ".json", ".map", ".txt", ".md", ".rst", ".xml", ".html", ".htm", ".css", ".scss", ".less", ".yml", ".yaml",
		".toml", ".ini", ".cfg", ".conf", ".properties", ".csv", ".tsv", ".svg", ".sql", ".graphql", ".proto", ".h",
		".hpp", ".c", ".cc", ".cpp", ".pxd", ".pyx", ".gemspec", ".lock", ".license", ".typed", ".pem", ".crt",
		".markdown", ".flow", ".coffee", ".erb", ".po", ".mo", ".tmpl", ".pdf", ".png", ".jpg", ".gif", ".ico", ".zip",
		".gz", ".woff", ".woff2", ".ttf", ".cmd", ".bat":
		return true
	}
	return false
}

// readNatives looks at the beginning of each file that may be native code.
func (s *survey) readNatives(ctx context.Context) error {
	counts := map[ArchCount]*ArchCount{}
	var order []*ArchCount
	for _, e := range s.maybe {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		head, ok := s.read(e, headLen)
		if !ok {
			continue
		}
		s.natives.Looked++
		if e.Path == s.root+"bootstrap" {
			s.checkBootstrap(e, head)
		}
		b, ok := sniff(head)
		if !ok {
			continue
		}
		if b.Go {
			s.countLanguage("Go", e.Size)
		}
		if b.Managed {
			s.countLanguage(".NET", e.Size)
			continue // no machine's code
		}
		s.natives.Count++
		if len(s.natives.Files) < MaxNatives {
			s.natives.Files = append(s.natives.Files, NativeFile{Path: e.Path, Size: e.Size, Binary: b})
		}
		for _, arch := range b.Archs {
			key := ArchCount{Format: b.Format, Arch: arch}
			if counts[key] == nil {
				counts[key] = &ArchCount{Format: b.Format, Arch: arch, Example: e.Path}
				order = append(order, counts[key])
			}
			counts[key].Files++
		}
	}
	for _, c := range order {
		s.natives.Archs = append(s.natives.Archs, *c)
	}
	slices.SortStableFunc(s.natives.Archs, func(a, b ArchCount) int {
		return cmp.Or(cmp.Compare(b.Files, a.Files), strings.Compare(a.Format, b.Format), strings.Compare(a.Arch, b.Arch))
	})
	return nil
}
