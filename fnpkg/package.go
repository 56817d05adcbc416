package fnpkg

import (
	"context"
	"crypto"
	"errors"
)

// Kind is the form in which a package's bytes are kept.
type Kind string

// The forms fnseal reads.
const (
	KindZip       Kind = "zip"       // a deployment or layer zip, a jar or a war
	KindDirectory Kind = "directory" // a tree that will be packed
	KindImage     Kind = "image"     // a container image, judged as one file system
	KindFile      Kind = "file"      // any other file: it has a digest but no entries

	// KindApplication is several packages taken together. No reader returns
	// it; it is the kind of a merged inventory's subject.
	KindApplication Kind = "application"
)

// Package is one opened function package: the bytes a provider would run.
//
// A Package is opened once and read many times; all methods are safe for
// concurrent use until Close. Entries and Hazards are complete when the
// Package is returned from its reader, so neither can fail.
type Package interface {
	// Kind says in which form the bytes are kept.
	Kind() Kind

	// Name is the base name under which the package is known: it names the
	// subject of statements and the root of documents. It is never a path, so
	// that the same package yields the same documents in every folder.
	Name() string

	// Size is the length of the artifact in bytes, 0 for a directory.
	Size() int64

	// Entries lists the package's entries sorted by path, bytewise. Callers
	// must not modify the slice.
	Entries() []Entry

	// Hazards lists what makes the package dangerous or ambiguous to read, in
	// the order of their ids, then paths. Callers must not modify the slice.
	Hazards() []Hazard

	// Digest is the exact digest: sha256 over the artifact's bytes, for an
	// image over its manifest. It is computed once and then remembered. A
	// directory has none: ErrNoDigest.
	Digest(ctx context.Context) (Digest, error)

	// Close releases the files behind the package.
	Close() error
}

// Summer is a Package whose bytes can also be digested otherwise: what others
// sign is not always a sha256.
type Summer interface {
	// Sum is the digest h of the bytes whose sha256 Digest returns.
	Sum(ctx context.Context, h crypto.Hash) ([]byte, error)
}

var (
	// ErrNoDigest is returned by Package.Digest for a directory: a tree has
	// no bytes of its own until it is packed.
	ErrNoDigest = errors.New("a directory has no exact digest")

	// ErrNoContentDigest is returned by DigestContent for a package whose
	// content is no tree of files, directories and links.
	ErrNoContentDigest = errors.New("no content digest is defined for it")

	// ErrChanged is returned when the bytes behind an open package changed
	// while they were being read.
	ErrChanged = errors.New("the file changed while it was being read")
)

// FormatError reports bytes that are not the package they are taken for. The
// caller that knows the file name adds it.
type FormatError struct {
	Format string // what was expected, for example "zip"
	Reason string // what was found instead, as the end of a sentence
	Err    error  // the cause, or nil
}

func (e *FormatError) Error() string {
	msg := "not a readable " + e.Format + ": " + e.Reason
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

func (e *FormatError) Unwrap() error { return e.Err }
