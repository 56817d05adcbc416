package ociimage

import (
	"io"
	"sync"
)

// ahead reads on while what was read is being used, so that a layer is
// inflated and hashed on one processor and applied on another.
type ahead struct {
	filled, free chan []byte
	stop         chan struct{}
	done         sync.WaitGroup
	once         sync.Once

	taken         func()
	current, rest []byte
	err           error // how reading ended; set before filled is closed
}

// readAhead reads r in a goroutine of its own, which ends with r or Close.
// taken is called by Read for each buffer that it begins.
func readAhead(r io.Reader, taken func()) *ahead {
	const buffers, size = 4, 256 << 10
	a := &ahead{taken: taken, filled: make(chan []byte, buffers), free: make(chan []byte, buffers), stop: make(chan struct{})}
	for range buffers {
		a.free <- make([]byte, size)
	}
	a.done.Go(func() {
		defer close(a.filled)
		for {
			var b []byte
			select {
			case b = <-a.free:
			case <-a.stop:
				return
			}
			n := 0
			var err error
			for n < size && err == nil {
				var m int
				m, err = r.Read(b[n:size])
				n += m
			}
			if n > 0 {
				a.filled <- b[:n] // never blocks: there are as many places as buffers
			}
			if err != nil {
				a.err = err
				return
			}
		}
	})
	return a
}

// Read reads the next bytes.
func (a *ahead) Read(b []byte) (int, error) {
	if len(a.rest) == 0 {
		if a.current != nil {
			a.free <- a.current
			a.current = nil
		}
		next, ok := <-a.filled
		if !ok {
			if a.err == nil {
				return 0, io.ErrClosedPipe
			}
			return 0, a.err
		}
		a.current, a.rest = next, next
		a.taken()
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close ends reading and waits until nothing is read any more.
func (a *ahead) Close() error {
	a.once.Do(func() { close(a.stop) })
	a.done.Wait()
	return nil
}
