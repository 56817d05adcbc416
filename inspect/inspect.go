package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Options say how a package is inspected.
type Options struct {
	// Runtime is the runtime the package is deployed on, in the provider's
	// spelling ("python3.12"); empty if that is not known.
	Runtime string

	// AsOf is the day lifecycles are judged at. It must be set.
	AsOf time.Time

	// Limits bound archives inside the package that are looked into.
	Limits fnpkg.Limits

	// NoContentDigest leaves the content digest out, and with it the only
	// work that grows with the size of the package.
	NoContentDigest bool
}

// ErrNoDay is returned when Options.AsOf is not set.
var ErrNoDay = errors.New("no day to judge lifecycles at")

// Inspect reports on p. What cannot be read in it is part of the report; an
// error is returned if the exact digest cannot be computed or ctx ends.
func Inspect(ctx context.Context, p fnpkg.Package, o Options) (*Report, error) {
	if o.AsOf.IsZero() {
		return nil, ErrNoDay
	}
	r := &Report{Hazards: p.Hazards()}
	if err := r.identify(ctx, p, o); err != nil {
		return nil, err
	}
	if p.Kind() == fnpkg.KindFile {
		r.Form, r.FormReason = FormFile, "no archive and no directory"
		r.Sizes.Packed = p.Size()
		r.judgeRuntime(o)
		return r, nil
	}
	s := newSurvey(p, o.Limits)
	if err := s.walk(ctx); err != nil {
		return nil, err
	}
	r.Sizes, r.Tree = s.sizes, s.tree()
	r.Sizes.Packed = p.Size()
	r.Form, r.FormReason = s.form()
	if err := s.readNatives(ctx); err != nil {
		return nil, err
	}
	if err := s.readMetadata(ctx); err != nil {
		return nil, err
	}
	r.Natives, r.Languages = s.natives, s.languages()
	r.Providers, r.Runtimes = s.hints.providerHints(), s.hints.runtimeHints()
	r.Limits = limitUses(p.Kind(), r.Sizes, r.Providers)
	r.judgeRuntime(o)
	r.Remarks = append(r.Remarks, s.remarks...)
	r.remark()
	r.Unread = s.unread
	return r, nil
}

// identify fills in the digests.
func (r *Report) identify(ctx context.Context, p fnpkg.Package, o Options) error {
	r.Subject = fnpkg.Subject{Name: p.Name(), Kind: p.Kind(), Size: p.Size()}
	for _, e := range p.Entries() {
		if e.ModTime.After(r.Subject.Newest) {
			r.Subject.Newest = e.ModTime.UTC()
		}
	}
	var err error
	r.Subject.Digest, err = p.Digest(ctx)
	if err != nil && !errors.Is(err, fnpkg.ErrNoDigest) {
		return fmt.Errorf("digesting %s: %w", p.Name(), err)
	}
	if o.NoContentDigest {
		r.NoContent = "not asked for"
		return nil
	}
	r.Subject.Content, err = fnpkg.DigestContent(ctx, p)
	var ambiguous *fnpkg.AmbiguousError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &ambiguous):
		r.NoContent = "the package is ambiguous"
	default:
		r.NoContent = err.Error()
	}
	return nil
}

// readHead returns the first n bytes of a file, or as many as there are.
func readHead(e fnpkg.Entry, n int) ([]byte, error) {
	c, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	head := make([]byte, min(int64(n), max(e.Size, 0)))
	got, err := io.ReadFull(c, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:got], nil
}

// read is readHead for the survey: what cannot be read is noted.
func (s *survey) read(e fnpkg.Entry, n int) ([]byte, bool) {
	head, err := readHead(e, n)
	if err != nil {
		s.cannotRead(e.Path, err)
		return nil, false
	}
	return head, true
}

func (s *survey) cannotRead(path string, err error) {
	s.unread.Count++
	if len(s.unread.Files) < MaxUnread {
		s.unread.Files = append(s.unread.Files, UnreadFile{Path: path, Reason: err.Error()})
	}
}
