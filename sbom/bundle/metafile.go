package bundle

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// jsonBuild is the union of the JSON files ReadBuild knows; which one it is
// shows in the fields that are there.
type jsonBuild struct {
	// package-lock.json
	LockfileVersion int                        `json:"lockfileVersion"`
	Packages        json.RawMessage            `json:"packages"`
	Dependencies    map[string]json.RawMessage `json:"dependencies"`

	// esbuild and bun
	Inputs  map[string]json.RawMessage `json:"inputs"`
	Outputs json.RawMessage            `json:"outputs"`

	// webpack
	Assets          []webpackAsset  `json:"assets"`
	Modules         json.RawMessage `json:"modules"`
	FilteredModules int             `json:"filteredModules"`
}

// parseJSON reads a lock file or metafile in JSON.
func (b *Build) parseJSON(text []byte, first byte) error {
	if first == '[' {
		var chunks []rollupChunk
		if err := json.Unmarshal(text, &chunks); err != nil {
			return errNotJSON(err)
		}
		b.addRollup(chunks)
		return b.check()
	}
	var file jsonBuild
	if err := json.Unmarshal(text, &file); err != nil {
		return errNotJSON(err)
	}
	switch {
	case file.LockfileVersion > 0:
		b.technique = TechniqueLockFile
		var packages map[string]lockPackage
		if len(file.Packages) > 0 {
			if err := json.Unmarshal(file.Packages, &packages); err != nil {
				return errNotJSON(err)
			}
		}
		b.addLock(packages, file.Dependencies)
	case file.Inputs != nil && file.Outputs != nil:
		var outputs map[string]esbuildOutput
		if err := json.Unmarshal(file.Outputs, &outputs); err != nil {
			return errNotJSON(err)
		}
		b.addEsbuild(outputs)
	case file.Assets != nil && file.Modules != nil:
		var modules []webpackModule
		if err := json.Unmarshal(file.Modules, &modules); err != nil {
			return errNotJSON(err)
		}
		b.addWebpack(file.Assets, modules, file.FilteredModules > 0)
	default:
		var chunks map[string]rollupChunk
		if err := json.Unmarshal(text, &chunks); err != nil {
			return ErrUnknownBuild
		}
		b.addRollup(slices.Collect(maps.Values(chunks)))
	}
	return b.check()
}

// esbuildOutput is one output of esbuild's metafile. An input of which no byte
// was taken over is not in the output.
type esbuildOutput struct {
	Bytes  int64 `json:"bytes"`
	Inputs map[string]struct {
		BytesInOutput int64 `json:"bytesInOutput"`
	} `json:"inputs"`
}

func (b *Build) addEsbuild(outputs map[string]esbuildOutput) {
	b.technique = TechniqueMetafile
	for name, o := range outputs {
		out := output{path: name, size: o.Bytes}
		for input, n := range o.Inputs {
			if n.BytesInOutput > 0 {
				out.inputs = append(out.inputs, input)
			}
		}
		b.addOutput(out)
	}
}

// webpackAsset is one file of webpack's stats.
type webpackAsset struct {
	Name   string    `json:"name"`
	Size   int64     `json:"size"`
	Chunks []chunkID `json:"chunks"`
}

// webpackModule is one module of webpack's stats; one that was put together
// from several has those within.
type webpackModule struct {
	Name             string          `json:"name"`
	NameForCondition string          `json:"nameForCondition"` // the file's path
	Chunks           []chunkID       `json:"chunks"`
	Modules          []webpackModule `json:"modules"`
	FilteredModules  int             `json:"filteredModules"`
}

// chunkID is a number or a string.
type chunkID string

func (id *chunkID) UnmarshalJSON(text []byte) error {
	*id = chunkID(strings.Trim(string(text), `"`))
	return nil
}

func (b *Build) addWebpack(assets []webpackAsset, modules []webpackModule, partial bool) {
	b.technique = TechniqueMetafile
	byChunk := map[chunkID][]string{}
	var add func(m webpackModule, chunks []chunkID, depth int)
	add = func(m webpackModule, chunks []chunkID, depth int) {
		partial = partial || m.FilteredModules > 0
		if len(m.Chunks) > 0 {
			chunks = m.Chunks
		}
		if depth > 16 {
			return
		}
		for _, inner := range m.Modules {
			add(inner, chunks, depth+1)
		}
		source := m.NameForCondition
		if source == "" || len(m.Modules) > 0 {
			// The name of a group is that of its first module, which is in it.
			source, _, _ = strings.Cut(m.Name, " + ")
		}
		for _, id := range chunks {
			byChunk[id] = append(byChunk[id], source)
		}
	}
	for _, m := range modules {
		add(m, nil, 0)
	}
	for _, a := range assets {
		out := output{path: a.Name, size: a.Size, partial: partial}
		for _, id := range a.Chunks {
			out.inputs = append(out.inputs, byChunk[id]...)
		}
		b.addOutput(out)
	}
}

// rollupChunk is one chunk of Rollup's output bundle.
type rollupChunk struct {
	FileName string `json:"fileName"`
	Modules  map[string]struct {
		RenderedLength int64 `json:"renderedLength"`
	} `json:"modules"`
}

func (b *Build) addRollup(chunks []rollupChunk) {
	b.technique = TechniqueMetafile
	for _, c := range chunks {
		out := output{path: c.FileName}
		for source, m := range c.Modules {
			if m.RenderedLength > 0 {
				out.inputs = append(out.inputs, source)
			}
		}
		b.addOutput(out)
	}
}

// addOutput keeps an output that holds anything.
func (b *Build) addOutput(out output) {
	if out.path == "" || len(out.inputs) == 0 || len(out.path) > maxPath {
		return
	}
	slices.Sort(out.inputs)
	out.inputs = slices.Compact(out.inputs)
	b.outputs = append(b.outputs, out)
}

// output returns what the metafile says of a script: of the output with that
// name, and that size where the report has sizes. Several of one name are told
// apart by the folders above.
func (b *Build) output(script string, size int64) (output, bool) {
	best, depth, tie := -1, 0, false
	for i, o := range b.outputs {
		if o.size > 0 && o.size != size {
			continue
		}
		n := sharedElements(o.path, script)
		if n == 0 || n < depth {
			continue
		}
		tie = n == depth
		best, depth = i, n
	}
	if best < 0 || tie {
		return output{}, false
	}
	return b.outputs[best], true
}

// sharedElements counts the last elements that two paths have in common.
func sharedElements(a, b string) int {
	n := 0
	for a != "" && b != "" {
		i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
		if a[i+1:] != b[j+1:] {
			return n
		}
		n++
		a, b = a[:max(i, 0)], b[:max(j, 0)]
	}
	return n
}
