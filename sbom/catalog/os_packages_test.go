package catalog

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func TestParseAPK(t *testing.T) {
	got := parseAPK([]byte(`C:Q1abc=
P:libcrypto3
V:3.3.2-r0
A:x86_64
L:Apache-2.0
o:openssl
D:so:libc.musl-x86_64.so.1 !conflict
p:so:libcrypto.so.3=3

P:musl
V:1.2.5-r0
A:x86_64
L:MIT
o:musl
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
`))
	want := []osPackage{
		{typ: "apk", name: "libcrypto3", version: "3.3.2-r0", arch: "x86_64", source: "openssl", licenses: []fnpkg.License{{Expression: "Apache-2.0"}},
			needs: []string{"so:libc.musl-x86_64.so.1"}, provides: []string{"so:libcrypto.so.3"}},
		{typ: "apk", name: "musl", version: "1.2.5-r0", arch: "x86_64", source: "musl", licenses: []fnpkg.License{{Expression: "MIT"}}, provides: []string{"so:libc.musl-x86_64.so.1"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(osPackage{}, about{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseDpkg(t *testing.T) {
	got := parseDpkg([]byte(`Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.11-1~deb12u2)
Version: 3.0.11-1~deb12u2+b1
Depends: libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0
Description: Secure Sockets Layer toolkit
 Package: of the description

Package: gone
Status: deinstall ok config-files
Version: 1

Package: distroless
Version: 2
`))
	want := []osPackage{
		{typ: "deb", name: "libssl3", version: "3.0.11-1~deb12u2+b1", arch: "amd64", source: "openssl", sourceVersion: "3.0.11-1~deb12u2", needs: []string{"libc6", "debconf", "debconf-2.0"}},
		{typ: "deb", name: "distroless", version: "2"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(osPackage{}, about{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPurlOfDistribution(t *testing.T) {
	debian := distribution{"debian", "12"}
	tests := []struct {
		d    distribution
		p    osPackage
		want string
	}{
		{debian, osPackage{typ: "deb", name: "libssl3", version: "3.0.11-1~deb12u2+b1", arch: "amd64", source: "openssl", sourceVersion: "3.0.11-1~deb12u2"},
			"pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1~deb12u2"},
		{debian, osPackage{typ: "deb", name: "bash", version: "1:5.2-1", source: "bash"}, "pkg:deb/debian/bash@1:5.2-1?distro=debian-12"},
		{distribution{"alpine", "3.20.3"}, osPackage{typ: "apk", name: "libcrypto3", version: "3.3.2-r0", arch: "x86_64", source: "openssl"},
			"pkg:apk/alpine/libcrypto3@3.3.2-r0?arch=x86_64&distro=alpine-3.20.3&upstream=openssl"},
		{distribution{}, osPackage{typ: "apk", name: "musl", version: "1"}, "pkg:apk/alpine/musl@1"},
		{distribution{"amzn", "2023"}, osPackage{typ: "rpm", name: "openssl", version: "3.0.8-1", epoch: "1"}, "pkg:rpm/amzn/openssl@3.0.8-1?distro=amzn-2023&epoch=1"},
	}
	for _, tt := range tests {
		id, err := tt.p.purl(tt.d)
		if err != nil || id.Text != tt.want {
			t.Errorf("purl %s (%v), want %s", id.Text, err, tt.want)
		}
		if id.Name != tt.p.name {
			t.Errorf("name %q, want %q", id.Name, tt.p.name)
		}
	}
}

// header makes an RPM header of strings, as a database holds it.
func header(values map[uint32]string, tags ...uint32) []byte {
	var index, data []byte
	for _, tag := range tags {
		for _, n := range []uint32{tag, rpmString, uint32(len(data)), 1} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
		data = append(append(data, values[tag]...), 0)
	}
	h := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	h = binary.BigEndian.AppendUint32(h, uint32(len(data)))
	return append(append(h, index...), data...)
}

func sampleHeader() []byte {
	return header(map[uint32]string{rpmName: "zlib", rpmVersion: "1.2.11", rpmRelease: "33.amzn2023", rpmArch: "aarch64", rpmLicense: "zlib and Boost", rpmSource: "zlib-1.2.11.src.rpm"},
		rpmName, rpmVersion, rpmRelease, rpmArch, rpmLicense, rpmSource)
}

func TestParseRPMHeader(t *testing.T) {
	got, err := parseRPMHeader(sampleHeader())
	if err != nil {
		t.Fatal(err)
	}
	want := osPackage{typ: "rpm", name: "zlib", version: "1.2.11-33.amzn2023", arch: "aarch64", source: "zlib-1.2.11.src.rpm", licenses: []fnpkg.License{{Name: "zlib and Boost"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(osPackage{}, about{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range len(sampleHeader()) {
		if p, err := parseRPMHeader(sampleHeader()[:n]); err == nil {
			t.Errorf("the first %d bytes are read as %+v", n, p)
		}
	}
}

// ndb makes a database of rpm's own format: a page of slots, then the blobs.
func ndb(blobs ...[]byte) []byte {
	le := binary.LittleEndian
	db := make([]byte, ndbPage)
	for i, n := range []uint32{ndbHeaderMagic, 0, 1, 1} {
		le.PutUint32(db[4*i:], n)
	}
	for i := range ndbPage/ndbSlot - 2 {
		slot := db[(i+2)*ndbSlot:]
		le.PutUint32(slot, ndbSlotMagic)
		if i >= len(blobs) {
			continue
		}
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(len(db)/ndbBlock))
		for _, n := range []uint32{ndbBlobMagic, uint32(i + 1), 0, uint32(len(blobs[i]))} {
			db = le.AppendUint32(db, n)
		}
		db = append(db, blobs[i]...)
		for len(db)%ndbBlock != 0 {
			db = append(db, 0)
		}
	}
	return db
}

// hashDB makes a Berkeley DB hash database: the page of its metadata, a page
// with one pair, and the pages of its value.
func hashDB(order binary.AppendByteOrder, value []byte) []byte {
	const size = 512
	put32 := func(page []byte, at int, n uint32) { copy(page[at:], order.AppendUint32(nil, n)) }
	put16 := func(page []byte, at int, n uint16) { copy(page[at:], order.AppendUint16(nil, n)) }
	meta, pairs := make([]byte, size), make([]byte, size)
	put32(meta, 12, hashMagic)
	put32(meta, 20, size)
	meta[25] = 8 // P_HASHMETA
	pairs[25] = hashPage
	put16(pairs, 20, 2)
	put16(pairs, hashHeader, size-5) // the key: one byte of type, four of number
	pairs[size-5] = hashKeyData
	put16(pairs, hashHeader+2, size-17)
	pairs[size-17] = hashOffPage
	put32(pairs, size-17+4, 2)
	put32(pairs, size-17+8, uint32(len(value)))
	db := append(meta, pairs...)
	for n := uint32(3); len(value) > 0; n++ {
		page := make([]byte, size)
		page[25] = 7 // P_OVERFLOW
		used := copy(page[hashHeader:], value)
		value = value[used:]
		put16(page, 22, uint16(used))
		if len(value) > 0 {
			put32(page, 16, n)
		}
		db = append(db, page...)
	}
	return db
}

func TestRPMDatabases(t *testing.T) {
	long := header(map[uint32]string{rpmName: "long", rpmVersion: string(make([]byte, 2000))}, rpmName, rpmVersion)
	for name, db := range map[string]func([]byte) ([][]byte, error){
		"ndb":                func(h []byte) ([][]byte, error) { return ndbBlobs(ndb(h)) },
		"hash":               func(h []byte) ([][]byte, error) { return hashBlobs(hashDB(binary.LittleEndian, h)) },
		"hash of big-endian": func(h []byte) ([][]byte, error) { return hashBlobs(hashDB(binary.BigEndian, h)) },
	} {
		for _, h := range [][]byte{sampleHeader(), long} {
			got, err := db(h)
			if diff := cmp.Diff([][]byte{h}, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	}
	for _, junk := range [][]byte{nil, make([]byte, 100), make([]byte, 8192), []byte("SQLite format 3\x00")} {
		for name, read := range map[string]func([]byte) ([][]byte, error){"ndb": ndbBlobs, "hash": hashBlobs,
			"sqlite": func(b []byte) ([][]byte, error) { return sqliteBlobs(b, "Packages") }} {
			if _, err := read(junk); err == nil {
				t.Errorf("%s: %d bytes that are no database are read", name, len(junk))
			}
		}
	}
}

// FuzzRPM: whatever a database says, no more comes out than is in it, and a
// package has a name and a version.
func FuzzRPM(f *testing.F) {
	f.Add(ndb(sampleHeader()))
	f.Add(hashDB(binary.LittleEndian, sampleHeader()))
	f.Add(sampleHeader())
	f.Add(append([]byte(sqliteMagic), make([]byte, 1024)...))
	f.Fuzz(func(t *testing.T, db []byte) {
		for _, read := range []func([]byte) ([][]byte, error){ndbBlobs, hashBlobs,
			func(b []byte) ([][]byte, error) { return sqliteBlobs(b, "Packages") },
			func(b []byte) ([][]byte, error) { return [][]byte{b}, nil }} {
			blobs, _ := read(db)
			for _, b := range blobs {
				if len(b) > len(db) {
					t.Fatalf("a blob of %d bytes in a database of %d", len(b), len(db))
				}
				if p, err := parseRPMHeader(b); err == nil && (p.name == "" || p.version == "") {
					t.Errorf("package %+v", p)
				}
			}
		}
	})
}

// FuzzOSLists: packages of a textual database have a name and a version, and a
// purl, if there is one, that says the same.
func FuzzOSLists(f *testing.F) {
	f.Add([]byte("P:musl\nV:1.2.5-r0\nD:a=1 !b\n\n"))
	f.Add([]byte("Package: a\nVersion: 1:2\nStatus: install ok installed\nDepends: b (>= 1) | c:any, d\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, p := range append(parseAPK(text), parseDpkg(text)...) {
			if p.name == "" || p.version == "" {
				t.Errorf("package %+v", p)
			}
			if id, err := p.purl(parseOSRelease(text)); err == nil && (id.Type != p.typ || id.Version != p.version) {
				t.Errorf("%+v has purl %s", p, id.Text)
			}
		}
	})
}
