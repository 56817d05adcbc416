package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
)

// fleetPrefix forces a directory to be read as one of SBOMs.
const fleetPrefix = "fleet:"

// input is one thing to scan.
type input struct {
	ref   string
	fleet bool // it was found in a directory, not named
}

// atOnce is how many inventories are read before they are matched: enough to
// keep all processors busy, few enough for a fleet of any size.
const atOnce = 64

// eachInventory calls yield with the inventory of each input, in order. Only
// atOnce of them are in memory.
func (s *scan) eachInventory(ctx context.Context, yield func(input, *fnpkg.Inventory) error) error {
	inputs, err := s.inputs(ctx)
	if err != nil {
		return err
	}
	k, err := newCachedCataloguer(s.c, s.e)
	if err != nil {
		return err
	}
	defer k.close()
	names := map[string]bool{}
	for len(inputs) > 0 {
		chunk := inputs[:min(atOnce, len(inputs))]
		inputs = inputs[len(chunk):]
		invs := make([]*fnpkg.Inventory, len(chunk))
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(runtime.GOMAXPROCS(0))
		for i, in := range chunk {
			g.Go(func() (err error) {
				invs[i], err = s.inventory(gctx, k, in.ref)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, inv := range invs {
			inv.Subject.Name = uniqueName(names, inv.Subject.Name, chunk[i].ref)
			if !chunk[i].fleet {
				warnInventory(s.e, inv)
			}
			if err := yield(chunk[i], inv); err != nil {
				return err
			}
		}
	}
	return nil
}

// inventory reads an SBOM or catalogues a package.
func (s *scan) inventory(ctx context.Context, k *cataloguer, ref string) (*fnpkg.Inventory, error) {
	inv, stdin, err := readSBOM(ref, s.e.stdin)
	if err != nil || inv != nil {
		return inv, err
	}
	p, err := k.open(ctx, s.c, s.e, ref, stdin)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return k.inventory(ctx, p)
}

// uniqueName is the name a package is told apart from the others by: its own,
// or if another has that, or it has none, one with the file's.
func uniqueName(names map[string]bool, name, ref string) string {
	base := filepath.Base(ref)
	for _, candidate := range []string{name, base, name + " (" + base + ")", ref} {
		if candidate != "" && candidate != " ("+base+")" && !names[candidate] {
			names[candidate] = true
			return candidate
		}
	}
	return ref
}

// inputs lists what is to be scanned, directories of SBOMs file by file.
func (s *scan) inputs(ctx context.Context) ([]input, error) {
	var all []input
	for _, ref := range s.c.Args().Slice() {
		dir, forced := strings.CutPrefix(ref, fleetPrefix)
		if !forced && !isDirectory(dir) {
			all = append(all, input{ref: ref})
			continue
		}
		files, others, err := documentsIn(ctx, dir, forced)
		if err != nil {
			return nil, fmt.Errorf("reading the fleet %s: %w", dir, err)
		}
		switch {
		case forced && len(files) == 0:
			return nil, fmt.Errorf("reading the fleet %s: there is no SBOM in it", dir)
		case len(files) == 0 || others > 0 && !forced:
			all = append(all, input{ref: ref}) // the directory of a function
			continue
		}
		if others > 0 {
			s.e.note("%s: %d files are no SBOMs and were left out", dir, others)
		}
		for _, file := range files {
			all = append(all, input{ref: file, fleet: true})
		}
	}
	return all, nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// maxFleet bounds the files of a directory of SBOMs.
const maxFleet = 100_000

var errNotFleet = errors.New("not a directory of SBOMs")

// documentsIn lists the SBOMs in a directory and counts the other files, hidden
// ones apart. A directory that is not forced to be one of SBOMs is left at the
// first other file.
func documentsIn(ctx context.Context, dir string, forced bool) (files []string, others int, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		is := false
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			is = isDocument(name)
		}
		switch {
		case is && len(files) == maxFleet:
			return fmt.Errorf("it holds more than %d SBOMs", maxFleet)
		case is:
			files = append(files, name)
		case !forced:
			others++
			return errNotFleet
		default:
			others++
		}
		return nil
	})
	if errors.Is(err, errNotFleet) {
		err = nil
	}
	return files, others, err
}

// isDocument reports whether a file looks like an SBOM.
func isDocument(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := bufio.NewReader(f).Peek(512)
	return (err == nil || errors.Is(err, io.EOF)) && sbom.Is(head)
}
