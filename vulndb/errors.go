package vulndb

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoFeed is returned by Open when there is no index at the path given.
var ErrNoFeed = errors.New("no vulnerability feed")

// IndexError reports a file that is no feed index, or one that is damaged.
type IndexError struct {
	Path   string
	Reason string // as the end of a sentence
	Err    error  // the cause, or nil
}

func (e *IndexError) Error() string {
	msg := fmt.Sprintf("feed index %s: %s", e.Path, e.Reason)
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	return msg
}

func (e *IndexError) Unwrap() error { return e.Err }

// SourceError reports a feed source that could not be read. Location carries
// no credentials.
type SourceError struct {
	Location  string // the file or URL that was being read
	Ecosystem string // empty where the failure is about the whole source
	Err       error
}

func (e *SourceError) Error() string {
	if e.Ecosystem == "" {
		return fmt.Sprintf("reading feed %s: %v", e.Location, e.Err)
	}
	return fmt.Sprintf("reading %s feed %s: %v", e.Ecosystem, e.Location, e.Err)
}

func (e *SourceError) Unwrap() error { return e.Err }

// ErrNoEcosystem is the cause of a SourceError when none of the sources has an
// archive for an ecosystem that was asked for.
var ErrNoEcosystem = errors.New("the source has no such ecosystem")

// isCancelled reports whether an error says that the work was called off.
func isCancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
