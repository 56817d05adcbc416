package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/atomicfile"
)

// cacheSchema changes with the meaning of what is kept.
const cacheSchema = "fnseal-inventory-v1"

const (
	// cacheAge is how long an inventory that nobody asks for is kept, and
	// cacheBytes how much all of them may take before the oldest go.
	cacheAge   = 30 * 24 * time.Hour
	cacheBytes = 256 << 20

	// cachedLimit bounds one inventory. Those of real packages take a few
	// hundred kilobytes.
	cachedLimit = 32 << 20
)

// Cache keeps inventories in a folder, by the exact digest of what they were
// made from, so that a package or layer is catalogued once. Who can write to
// the folder can change what is read from it: it belongs to one user.
type Cache struct {
	dir   string
	build string
	now   func() time.Time
	bytes int64 // cacheBytes, but in tests
}

// OpenCache returns the cache in dir, which is made if it is missing. build
// tells builds of fnseal apart: what one found is never taken for what another
// would find.
func OpenCache(dir, build string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the cache of inventories: %w", err)
	}
	return &Cache{dir: dir, build: build, now: time.Now, bytes: cacheBytes}, nil
}

// layered is a package whose digest does not name all that is seen of it.
type layered interface {
	Layers(context.Context) ([]fnpkg.Layer, error)
}

// Catalog is the function Catalog, answered from the cache where it can be. A
// package without an exact digest, or with a layer that has none, is not kept.
// Whatever is wrong with the cache costs time and nothing else.
func (c *Cache) Catalog(ctx context.Context, p fnpkg.Package, o Options) (*fnpkg.Inventory, error) {
	digest, err := p.Digest(ctx)
	if errors.Is(err, fnpkg.ErrNoDigest) {
		return Catalog(ctx, p, o)
	}
	if err != nil {
		return nil, err
	}
	var layers []fnpkg.Layer
	if l, ok := p.(layered); ok {
		if layers, err = l.Layers(ctx); err != nil {
			return nil, err
		}
	}
	path, ok := c.path(digest, layers, p, o)
	if !ok {
		return Catalog(ctx, p, o)
	}
	if inv, ok := c.load(path); ok && inv.Subject.Digest == digest && inv.Subject.Name == p.Name() {
		return inv, nil
	}
	if o.Unhashed { // one with hashes does as well
		with := o
		with.Unhashed = false
		if path, ok := c.path(digest, layers, p, with); ok {
			if inv, ok := c.load(path); ok && inv.Subject.Digest == digest && inv.Subject.Name == p.Name() {
				return inv, nil
			}
		}
	}
	inv, err := Catalog(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if c.store(path, inv) == nil {
		c.prune()
	}
	return inv, nil
}

// path names the file for an inventory: by the digest, and by all else that it
// depends on. A name is part of that, for it can tell what a Java archive is.
func (c *Cache) path(digest fnpkg.Digest, layers []fnpkg.Layer, p fnpkg.Package, o Options) (string, bool) {
	key := cacheKey{cacheSchema, c.build, digest.Hex(), p.Name(), string(p.Kind()), o.key(), nil}
	for _, l := range layers {
		if l.Digest.IsZero() {
			return "", false
		}
		key.Layers = append(key.Layers, l.Name, l.Digest.Hex())
	}
	options, err := json.Marshal(key)
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256(options)
	return filepath.Join(c.dir, hex.EncodeToString(sum[:])+".json"), true
}

type cacheKey struct {
	Schema, Build, Digest, Name, Kind, Options string
	Layers                                     []string
}

// load reads an inventory, whose file begins with the sha256 of the rest.
func (c *Cache) load(path string) (*fnpkg.Inventory, bool) {
	data, err := readCapped(path)
	if err != nil {
		return nil, false
	}
	sum, body, ok := bytes.Cut(data, []byte("\n"))
	if want := sha256.Sum256(body); !ok || hex.EncodeToString(want[:]) != string(sum) {
		return nil, false
	}
	var inv fnpkg.Inventory
	if json.Unmarshal(body, &inv) != nil {
		return nil, false
	}
	now := c.now()
	_ = os.Chtimes(path, now, now) // it was of use: prune it later
	return &inv, true
}

func (c *Cache) store(path string, inv *fnpkg.Inventory) error {
	body, err := json.Marshal(inv)
	if err != nil {
		return err
	}
	if len(body) > cachedLimit/2 {
		return fs.ErrInvalid
	}
	sum := sha256.Sum256(body)
	return atomicfile.Write(path, 0o600, append([]byte(hex.EncodeToString(sum[:])+"\n"), body...))
}

// readCapped reads a file of the cache, unless it is larger than any it writes.
func readCapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > cachedLimit {
		return nil, fs.ErrInvalid
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// prune removes what nobody asked for in a while, and then the oldest until the
// rest is no larger than the cache may be. Other processes may do the same at
// the same time: what is gone is gone.
func (c *Cache) prune() {
	type file struct {
		path string
		size int64
		used time.Time
	}
	var files []file
	var total int64
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".tmp") {
			return nil
		}
		if info, err := d.Info(); err == nil {
			files = append(files, file{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	old := c.now().Add(-cacheAge)
	for _, f := range files {
		if total <= c.bytes && !f.used.Before(old) {
			return
		}
		_ = os.Remove(f.path)
		total -= f.size
	}
}

// key is what of the options can change the inventory.
func (o Options) key() string {
	return fmt.Sprintf("%+v %v %v %q %v", o.Limits, o.ContentDigest, o.LicenseTexts, o.Runtime, o.Unhashed)
}
