package registry

import (
	"crypto/sha256"
	"hash"
	"io"

	"github.com/fnseal/fnseal/fnpkg"
)

// verified reads a blob and compares its length and digest with those its
// descriptor claims. It never reads past the claimed length, so that an
// endless answer ends there.
type verified struct {
	rc     io.ReadCloser
	digest fnpkg.Digest
	size   int64
	n      int64
	hash   hash.Hash
	end    error // io.EOF once all was compared, or what is wrong
}

func newVerified(rc io.ReadCloser, digest fnpkg.Digest, size int64) *verified {
	return &verified{rc: rc, digest: digest, size: size, hash: sha256.New()}
}

// Read reads the next bytes. The last ones are withheld if the blob is not
// what it should be.
func (v *verified) Read(b []byte) (int, error) {
	if v.end != nil {
		return 0, v.end
	}
	if left := v.size - v.n; int64(len(b)) > left {
		b = b[:left]
	}
	var n int
	var err error
	if v.n < v.size {
		if len(b) == 0 {
			return 0, nil
		}
		n, err = v.rc.Read(b)
		v.n += int64(n)
		v.hash.Write(b[:n])
	}
	switch {
	case v.n == v.size:
		v.end = v.compare(err)
	case err == io.EOF:
		v.end = formatError("blob %s ends after %d bytes, and its descriptor says %d", v.digest, v.n, v.size)
	case err != nil:
		v.end = err
	}
	switch {
	case v.end == io.EOF && n > 0:
		return n, nil
	case v.end != nil:
		return 0, v.end
	}
	return n, nil
}

// compare is called when the last byte was read, with err as the reader gave
// it back. What it returns is io.EOF if the blob is the one claimed.
func (v *verified) compare(err error) error {
	if got := fnpkg.Digest(v.hash.Sum(nil)); got != v.digest {
		return formatError("blob %s has the digest %s", v.digest, got)
	}
	if err == nil {
		var more [1]byte
		var n int
		if n, err = io.ReadFull(v.rc, more[:]); n > 0 {
			return formatError("blob %s is longer than the %d bytes its descriptor says", v.digest, v.size)
		}
	}
	return err
}

// Close closes the reader beneath.
func (v *verified) Close() error { return v.rc.Close() }

// readBlob returns a whole blob, of at most limit bytes.
func readBlob(rc io.ReadCloser, d descriptor, what string, limit int64) ([]byte, error) {
	defer rc.Close()
	if d.Size < 0 || d.Size > limit {
		return nil, &fnpkg.LimitError{What: "bytes of the image's " + what, Limit: limit, Got: d.Size}
	}
	return io.ReadAll(newVerified(rc, d.digest, d.Size))
}
