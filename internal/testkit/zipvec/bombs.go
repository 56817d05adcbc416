package zipvec

import (
	"fmt"
	"hash/crc32"
)

// bombs are archives that hold far more than they seem to.
func bombs() []Vector {
	return []Vector{
		{Name: "bomb-flat", Wrong: "32 MiB of zeros in 32 KiB", Open: LimitError,
			Bytes: Zip(zeros("zeros", 32<<20)).Bytes},
		{Name: "bomb-flat-large", Wrong: "2 GiB of zeros in 2 MiB", Open: LimitError, Large: true,
			Bytes: func() []byte { return FlatBomb(2 << 30) }},
		{Name: "bomb-overlapping", Wrong: "120 entries over one 256 KiB kernel of 256 bytes", Open: LimitError,
			Bytes: Zip(quoted(120, 256<<10)...).Bytes},
		{Name: "bomb-nested", Wrong: "a zip in a zip in a zip, each holding several of the next: nothing is wrong on the outside, and nothing within is read at once", Bytes: nested},
	}
}

// FlatBomb returns a zip with one entry of n zeros, about n/1032 bytes long.
func FlatBomb(n int) []byte { return Zip(zeros("zeros", n)).Bytes() }

// zeros returns an honest entry of n zeros.
func zeros(name string, n int) Entry {
	e := Deflated(name, Zeros(n), nil)
	crc := crc32.NewIEEE()
	block := make([]byte, 1<<20)
	for left := n; left > 0; left -= len(block) {
		crc.Write(block[:min(left, len(block))])
	}
	return e.both(func(h *Header) { h.CRC, h.Size = crc.Sum32(), uint32(n) })
}

// quoted returns n entries that all end with the same kernel of zeros. Each
// but the last begins with a stored block that quotes the header of the next,
// so that all their streams are sound.
func quoted(n, kernel int) []Entry {
	entries := make([]Entry, n)
	entries[n-1] = zeros(fmt.Sprintf("%03d", n-1), kernel)
	content := make([]byte, kernel)
	for i := n - 2; i >= 0; i-- {
		next := entries[i+1].Local
		header := next.local()
		content = append(header, content...)
		quote := StoredBlock(header, false)
		body := quote[:len(quote)-len(header)] // the next entry's own header is the rest of the block
		e := Deflated(fmt.Sprintf("%03d", i), body, content)
		entries[i] = e.both(func(h *Header) { h.Compressed = uint32(len(quote)) + next.Compressed })
	}
	return entries
}

func nested() []byte {
	inner := Zip(zeros("zeros", 1<<20)).Bytes()
	for level := range 3 {
		var entries []Entry
		for i := range 4 {
			entries = append(entries, File(fmt.Sprintf("level%d-%d.zip", level, i), string(inner)))
		}
		packed := Zip(entries...).Bytes()
		if len(packed) > 200<<10 {
			break
		}
		inner = packed
	}
	return inner
}
