package zipfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/internal/testkit/zipvec"
)

// content reads an entry from front to back.
func content(t *testing.T, e fnpkg.Entry) string {
	t.Helper()
	c, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// bothMethods returns text stored and deflated, as two entries.
func bothMethods(text string) zipvec.Archive {
	return zipvec.Zip(
		zipvec.Deflated("deflated", zipvec.StoredBlock([]byte(text), true), []byte(text)).WithDescriptor(),
		zipvec.File("stored", text))
}

func TestContentReader(t *testing.T) {
	text := strings.Repeat("some lines of text\n", 3000)
	for _, size := range []int{0, 1, 511, 4096, len(text)} {
		p, err := open(t, bothMethods(text[:size]).Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries() {
			t.Run(fmt.Sprintf("%s-%d", e.Path, size), func(t *testing.T) {
				if e.Size != int64(size) {
					t.Errorf("Size = %d, want %d", e.Size, size)
				}
				c, err := e.Open()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				// All of Read, Seek and ReadAt, in many orders and sizes.
				if err := iotest.TestReader(c, []byte(text[:size])); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestContentRandomWalk reads, seeks and reads at random and compares each
// answer with a bytes.Reader's.
func TestContentRandomWalk(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 60_000)
	for i := range data {
		data[i] = byte(random.IntN(256))
	}
	p, err := open(t, bothMethods(string(data)).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Entries() {
		for range 50 {
			c, err := e.Open()
			if err != nil {
				t.Fatal(err)
			}
			want := bytes.NewReader(data)
			for step := range 20 {
				got, model := make([]byte, random.IntN(9000)), make([]byte, 9000)
				switch random.IntN(4) {
				case 0:
					offset, whence := random.Int64N(70_000), io.SeekStart
					c.Seek(offset, whence)
					want.Seek(offset, whence)
				case 1:
					offset := random.Int64N(70_000)
					n, err := c.ReadAt(got, offset)
					m, werr := want.ReadAt(model[:len(got)], offset)
					if n != m || err != werr || !bytes.Equal(got[:n], model[:m]) {
						t.Fatalf("%s step %d: ReadAt(%d bytes, %d) = %d, %v; want %d, %v", e.Path, step, len(got), offset, n, err, m, werr)
					}
				default:
					n, err := io.ReadFull(c, got)
					m, werr := io.ReadFull(want, model[:len(got)])
					if n != m || err != werr || !bytes.Equal(got[:n], model[:m]) {
						t.Fatalf("%s step %d: ReadFull(%d bytes) = %d, %v; want %d, %v", e.Path, step, len(got), n, err, m, werr)
					}
				}
			}
			c.Close()
		}
	}
}

// TestContentVerified makes sure that no way of reading hands out all of a
// content that is not what its headers say.
func TestContentVerified(t *testing.T) {
	for _, v := range zipvec.Vectors() {
		if v.Read == zipvec.Succeeds {
			continue
		}
		p, err := open(t, v.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for way, read := range map[string]func(fnpkg.Content, int64) error{
			"exactly the size": func(c fnpkg.Content, size int64) error {
				_, err := io.ReadFull(c, make([]byte, size))
				return err
			},
			"one byte at": func(c fnpkg.Content, size int64) error {
				_, err := c.ReadAt(make([]byte, 1), 0)
				return err
			},
			"backwards": func(c fnpkg.Content, size int64) error {
				if _, err := io.ReadFull(c, make([]byte, 2)); err != nil {
					return err
				}
				if _, err := c.Seek(0, io.SeekStart); err != nil {
					return err
				}
				_, err := c.Read(make([]byte, 1))
				return err
			},
			"the last byte": func(c fnpkg.Content, size int64) error {
				if _, err := c.Seek(-1, io.SeekEnd); err != nil {
					return err
				}
				_, err := io.ReadFull(c, make([]byte, 1))
				return err
			},
		} {
			t.Run(v.Name+"/"+way, func(t *testing.T) {
				var failure error
				for _, e := range p.Entries() {
					c, err := e.Open()
					if err != nil {
						failure = err
						break
					}
					defer c.Close()
					if failure = read(c, e.Size); failure != nil {
						// What failed once fails for good.
						if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
							t.Errorf("Read after %v: %v", failure, err)
						}
						break
					}
				}
				var format *fnpkg.FormatError
				if !errors.As(failure, &format) {
					t.Errorf("error %v, want a *fnpkg.FormatError", failure)
				}
			})
		}
	}
}

func TestContentMisuse(t *testing.T) {
	p, err := open(t, bothMethods("text").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Entries() {
		c, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ReadAt(make([]byte, 1), -1); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("ReadAt at -1: %v", err)
		}
		if _, err := c.Seek(-1, io.SeekStart); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Seek to -1: %v", err)
		}
		if _, err := c.Seek(0, 7); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Seek from 7: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Read after Close: %v", err)
		}
		if _, err := c.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("ReadAt after Close: %v", err)
		}
	}
}

// TestContentConcurrent opens and reads everything from many goroutines, which
// share the package's inflaters; run it with -race.
func TestContentConcurrent(t *testing.T) {
	text := strings.Repeat("some lines of text\n", 3000)
	p, err := open(t, bothMethods(text).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	shared := make([]fnpkg.Content, len(p.Entries()))
	for i, e := range p.Entries() {
		if shared[i], err = e.Open(); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, e := range p.Entries() {
				c, err := e.Open()
				if err != nil {
					t.Error(err)
					return
				}
				data, err := io.ReadAll(c)
				c.Close()
				if err != nil || string(data) != text {
					t.Errorf("%s: %d bytes, %v", e.Path, len(data), err)
				}
				b := make([]byte, 100)
				if _, err := shared[i].ReadAt(b, 1000); err != nil || string(b) != text[1000:1100] {
					t.Errorf("%s: ReadAt: %v", e.Path, err)
				}
			}
		})
	}
	wg.Wait()
}
