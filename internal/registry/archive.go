package registry

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// ArchiveKind is the form of an archive of images.
type ArchiveKind string

// The forms.
const (
	NoArchive     ArchiveKind = ""               // something else
	OCIArchive    ArchiveKind = "oci-archive"    // an OCI image layout in a tar archive
	DockerArchive ArchiveKind = "docker-archive" // what docker saved before version 25
)

// Caps on an archive of images.
const (
	maxMembers   = 20_000
	maxSavedList = 4 << 20 // bytes of manifest.json
	maxLinks     = 8       // links from one member to the next
)

// Archive is a tar archive that holds images: a layout, or what docker saved.
// Since version 25 docker saves both in one, and the layout counts, because it
// holds manifests.
type Archive struct {
	members map[string]member
	r       io.ReaderAt
}

// member is a file in the archive, or a link to one.
type member struct {
	offset, size int64
	link         string
}

// ReadArchive reads the directory of the tar archive in the first size bytes
// of r, which must stay valid for as long as the images in it are read. If it
// is no archive of images, Kind says so: that is no error.
func ReadArchive(ctx context.Context, r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{r: r, members: make(map[string]member)}
	section := io.NewSectionReader(r, 0, size)
	for t := tar.NewReader(section); ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := t.Next()
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return nil, &fnpkg.FormatError{Format: "container image", Reason: "its archive is damaged", Err: err}
		}
		// The reader has read the header and nothing more.
		at, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		m := member{offset: at, size: h.Size}
		switch h.Typeflag {
		case tar.TypeReg:
			if at > size-h.Size {
				return nil, formatError("its archive ends within %.200q", h.Name)
			}
		case tar.TypeSymlink:
			m = member{link: path.Join(path.Dir(clean(h.Name)), h.Linkname)}
		case tar.TypeLink:
			m = member{link: clean(h.Linkname)}
		default:
			continue
		}
		name := clean(h.Name)
		if _, ok := a.members[name]; ok {
			// Readers differ in whether the first or the last counts.
			return nil, formatError("%.200q stands more than once in its archive", name)
		}
		if len(a.members) == maxMembers {
			return nil, &fnpkg.LimitError{What: "members of the archive", Limit: maxMembers, Got: maxMembers + 1}
		}
		a.members[name] = m
	}
}

func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Kind says what the archive holds.
func (a *Archive) Kind() ArchiveKind {
	has := func(name string) bool { _, ok := a.members[name]; return ok }
	switch {
	case has("oci-layout") && has("index.json"):
		return OCIArchive
	case has("manifest.json"):
		// The name is common: it must also say what docker says.
		if saved, err := a.saved(); err == nil && len(saved) > 0 && saved[0].Config != "" {
			return DockerArchive
		}
	}
	return NoArchive
}

// open implements files.
func (a *Archive) open(name string) (io.ReadCloser, int64, error) {
	for range maxLinks {
		m, ok := a.members[clean(name)]
		switch {
		case !ok:
			return nil, 0, fs.ErrNotExist
		case m.link != "":
			name = m.link
			continue
		}
		return io.NopCloser(io.NewSectionReader(a.r, m.offset, m.size)), m.size, nil
	}
	return nil, 0, formatError("the links of its archive go in circles at %.200q", name)
}

// Open opens an image in the archive. selector says which, as in OpenLayout.
// Closing the image does not close the archive's reader.
func (a *Archive) Open(ctx context.Context, selector string, o Options) (*Image, error) {
	switch a.Kind() {
	case OCIArchive:
		return openLayout(ctx, a, selector, o)
	case DockerArchive:
		return a.openSaved(ctx, selector, o)
	}
	return nil, formatError("the archive holds no image: neither oci-layout nor docker's manifest.json is in it")
}

// saved is one image in docker's manifest.json.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (a *Archive) saved() ([]saved, error) {
	data, err := readFile(a, "manifest.json", maxSavedList)
	if err != nil {
		return nil, err
	}
	if err := checkKeys(data, "layersources"); err != nil {
		return nil, err
	}
	var all []saved
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, &fnpkg.FormatError{Format: "container image", Reason: "its manifest.json is no JSON of the expected form", Err: err}
	}
	return all, nil
}

func (a *Archive) openSaved(ctx context.Context, selector string, o Options) (*Image, error) {
	all, err := a.saved()
	if err != nil {
		return nil, err
	}
	chosen, err := chooseSaved(all, selector)
	if err != nil {
		return nil, err
	}
	data, err := readFile(a, chosen.Config, maxConfig)
	if err != nil {
		return nil, err
	}
	img, diffIDs, err := newImage(data, o.Platform)
	if err != nil {
		return nil, err
	}
	if len(diffIDs) != len(chosen.Layers) {
		return nil, formatError("its manifest.json has %d layers and its configuration %d", len(chosen.Layers), len(diffIDs))
	}
	img.Size = int64(len(data))
	for i, name := range chosen.Layers {
		rc, size, err := a.open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, formatError("it lacks the layer %.200q", name)
		}
		if err != nil {
			return nil, err
		}
		rc.Close()
		img.Size += size
		img.Layers = append(img.Layers, Layer{
			DiffID: diffIDs[i], Size: size,
			open: func(ctx context.Context) (io.ReadCloser, error) {
				rc, _, err := a.open(name)
				if err != nil {
					return nil, err
				}
				return cancellable(ctx, rc), nil
			},
		})
	}
	if len(chosen.RepoTags) > 0 {
		img.Repository, _ = splitTag(chosen.RepoTags[0])
	}
	return img, nil
}

func chooseSaved(all []saved, selector string) (saved, error) {
	var known []string
	var found []saved
	for _, s := range all {
		known = append(known, s.RepoTags...)
		if selector == "" || slices.ContainsFunc(s.RepoTags, func(tag string) bool { return isNamed(tag, selector) }) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && selector != "":
		return saved{}, fmt.Errorf("%w: no image is named %q; there are %s", ErrNotFound, selector, list(known))
	case len(found) == 0:
		return saved{}, formatError("its manifest.json lists no image")
	case selector != "":
		return saved{}, fmt.Errorf("%q names several images", selector)
	}
	return saved{}, fmt.Errorf("it holds several images: name one of %s", list(known))
}
