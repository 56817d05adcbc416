package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/atomicfile"
)

// cacheSchema changes with the meaning of what is kept.
const cacheSchema = "fnseal-inventory-v1"

// cacheAge is how long an inventory that nobody asks for is kept.
const cacheAge = 30 * 24 * time.Hour

// Cache keeps inventories in a folder, by the exact digest of what they were
// made from, so that a package or layer is catalogued once. Who can write to
// the folder can change what is read from it: it belongs to one user.
type Cache struct {
	dir   string
	build string
	now   func() time.Time
}

// OpenCache returns the cache in dir, which is made if it is missing. build
// tells builds of fnseal apart: what one found is never taken for what another
// would find.
func OpenCache(dir, build string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the cache of inventories: %w", err)
	}
	return &Cache{dir: dir, build: build, now: time.Now}, nil
}

// Catalog is the function Catalog, answered from the cache where it can be. A
// package without an exact digest is not kept. Whatever is wrong with the
// cache costs time and nothing else.
func (c *Cache) Catalog(ctx context.Context, p fnpkg.Package, o Options) (*fnpkg.Inventory, error) {
	digest, err := p.Digest(ctx)
	if errors.Is(err, fnpkg.ErrNoDigest) {
		return Catalog(ctx, p, o)
	}
	if err != nil {
		return nil, err
	}
	path, ok := c.path(digest, p, o)
	if !ok {
		return Catalog(ctx, p, o)
	}
	if inv, ok := c.load(path); ok {
		return inv, nil
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
func (c *Cache) path(digest fnpkg.Digest, p fnpkg.Package, o Options) (string, bool) {
	o.Progress = nil
	options, err := json.Marshal(cacheKey{cacheSchema, c.build, digest.Hex(), p.Name(), string(p.Kind()), o.key()})
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256(options)
	return filepath.Join(c.dir, hex.EncodeToString(sum[:])+".json"), true
}

type cacheKey struct {
	Schema, Build, Digest, Name, Kind, Options string
}

// load reads an inventory, whose file begins with the sha256 of the rest.
func (c *Cache) load(path string) (*fnpkg.Inventory, bool) {
	data, err := os.ReadFile(path)
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
	sum := sha256.Sum256(body)
	return atomicfile.Write(path, 0o600, append([]byte(hex.EncodeToString(sum[:])+"\n"), body...))
}

// prune removes what nobody asked for in a while.
func (c *Cache) prune() {
	old := c.now().Add(-cacheAge)
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") && !strings.HasSuffix(path, ".tmp") {
			return nil
		}
		if info, err := d.Info(); err == nil && info.ModTime().Before(old) {
			_ = os.Remove(path)
		}
		return nil
	})
}

// key is what of the options can change the inventory.
func (o Options) key() string {
	return fmt.Sprintf("%+v %v %v %q", o.Limits, o.ContentDigest, o.LicenseTexts, o.Runtime)
}
