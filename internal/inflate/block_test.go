package inflate

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// bitWriter writes a stream bit by bit.
type bitWriter struct {
	b []byte
	n uint // bits written
}

// bits writes the low n bits of v, the lowest first.
func (w *bitWriter) bits(v uint, n uint) {
	for ; n > 0; n-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v&1) << (w.n % 8)
		w.n++
		v >>= 1
	}
}

// codes writes symbols in the code that lengths make.
func codes(lengths []uint8) (write func(w *bitWriter, symbol int), complete bool) {
	var c canonical
	if !c.init(lengths) {
		return nil, false
	}
	code := make([]uint, len(lengths))
	rest := c.symbols[:]
	for n := 1; n <= maxCode; n++ {
		c.code <<= 1
		for _, symbol := range rest[:c.count[n]] {
			code[symbol] = c.next(n)
		}
		rest = rest[c.count[n]:]
	}
	return func(w *bitWriter, symbol int) { w.bits(code[symbol], uint(lengths[symbol])) }, true
}

// header writes the header of a final block with these codes, each length as
// it is, in four bits.
func (w *bitWriter) header(lits, dists []uint8) {
	w.bits(1|2<<1, 3)
	w.bits(uint(len(lits)-257), 5)
	w.bits(uint(len(dists)-1), 5)
	w.bits(19-4, 4)
	lengths := make([]uint8, 19)
	for i := range 16 {
		lengths[i] = 4
	}
	for _, symbol := range codeOrder {
		w.bits(uint(lengths[symbol]), 3)
	}
	write, _ := codes(lengths)
	for _, n := range lits {
		write(w, int(n))
	}
	for _, n := range dists {
		write(w, int(n))
	}
}

// randomLengths returns the lengths of a complete code of n symbols: leaves of
// a tree that is split at random, of up to 15 bits.
func randomLengths(random *rand.Rand, n, alphabet int) []uint8 {
	leaves := []uint8{1, 1}
	for len(leaves) < n {
		// The deepest ones more often than not, so that codes get long.
		i := random.IntN(len(leaves))
		if random.IntN(2) == 0 {
			i = len(leaves) - 1
		}
		if leaves[i] == maxCode {
			continue
		}
		leaves[i]++
		leaves = append(leaves, leaves[i])
	}
	lengths := make([]uint8, alphabet)
	for i, at := range random.Perm(alphabet)[:n] {
		lengths[at] = leaves[i]
	}
	return lengths
}

// randomBlock returns a sound stream of one block with codes at random.
func randomBlock(random *rand.Rand) []byte {
	var w bitWriter
	lits := randomLengths(random, 2+random.IntN(200), usedLit)
	if lits[endBlock] == 0 {
		for i, n := range lits {
			if n > 0 {
				lits[endBlock], lits[i] = n, 0
				break
			}
		}
	}
	dists := randomLengths(random, 2+random.IntN(usedDist-2), usedDist)
	w.header(lits, dists)
	writeLit, _ := codes(lits)
	writeDist, _ := codes(dists)
	size := 0
	for range random.IntN(30_000) {
		symbol := random.IntN(usedLit)
		if lits[symbol] == 0 || symbol == endBlock {
			continue
		}
		if symbol < endBlock {
			writeLit(&w, symbol)
			size++
			continue
		}
		distance := random.IntN(usedDist)
		base := int(distSymbols[distance] >> baseShift)
		extra := uint(distSymbols[distance] & takeMask)
		if dists[distance] == 0 || base+1<<extra > size {
			continue
		}
		writeLit(&w, symbol)
		n := uint(litSymbols[symbol] & takeMask)
		more := random.UintN(1 << n)
		w.bits(more, n)
		writeDist(&w, distance)
		w.bits(random.UintN(1<<extra), extra)
		size += int(litSymbols[symbol]>>baseShift) + int(more)
	}
	writeLit(&w, endBlock)
	return w.b
}

// Codes of all lengths, which no compressor writes at the sizes of a test.
func TestRandomCodes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		stream := randomBlock(random)
		var r Reader
		r.Reset(bytes.NewReader(stream))
		if _, err := io.Copy(io.Discard, &r); err != nil {
			t.Fatal(err)
		}
		compare(t, stream, 1<<20)
		compare(t, stream, 100)
		// And with something wrong in it.
		stream[random.IntN(len(stream))] ^= 1 << random.IntN(8)
		compare(t, stream, 1<<20)
	}
}

// damaged are streams with one thing wrong, or nearly.
var damaged = []struct {
	name   string
	stream []byte
	ok     bool
}{
	{"nothing", nil, false},
	{"block of type 3", built(func(w *bitWriter) { w.bits(1|3<<1, 3) }), false},
	{"stored, lengths differ", built(func(w *bitWriter) { w.bits(1, 8); w.bits(3, 16); w.bits(3, 16); w.bits(0, 24) }), false},
	{"stored, of no bytes", built(func(w *bitWriter) { w.bits(1, 8); w.bits(0, 16); w.bits(0xffff, 16) }), true},
	{"fixed, at once at its end", fixed(), true},
	{"fixed, length 286", fixed(286, 0), false},
	{"fixed, length 287", fixed(287, 0), false},
	{"fixed, distance before the beginning", fixed('a', 257, 1), false},
	{"fixed, distance to the beginning", fixed('a', 257, 0), true},
	{"fixed, distance 30", fixed('a', 257, 30), false},
	{"fixed, distance 31", fixed('a', 257, 31), false},
	{"287 literals and lengths", built(func(w *bitWriter) { w.bits(1|2<<1|30<<3, 8); w.bits(0, 300) }), false},
	{"31 distances", built(func(w *bitWriter) { w.bits(1|2<<1|29<<8, 13); w.bits(0, 300) }), false},
	{"too many codes", coded(map[int]uint8{'a': 1, 'b': 1, 256: 1}, map[int]uint8{0: 1, 1: 1}, 256), false},
	{"too few codes", coded(map[int]uint8{'a': 2, 256: 2}, map[int]uint8{0: 1, 1: 1}, 256), false},
	{"too few distances", coded(map[int]uint8{'a': 1, 256: 1}, map[int]uint8{0: 2, 1: 2}, 256), false},
	{"a single code", coded(map[int]uint8{256: 1}, map[int]uint8{0: 1}, 256), true},
	{"a single code of two bits", coded(map[int]uint8{256: 2}, map[int]uint8{0: 1}, 256), false},
	{"no distances, none used", coded(map[int]uint8{'a': 1, 256: 1}, nil, 'a', 256), true},
	{"no distances, one used", coded(map[int]uint8{'a': 2, 257: 2, 256: 1}, nil, 'a', 257), false},
	{"a single distance", coded(map[int]uint8{'a': 2, 257: 2, 256: 1}, map[int]uint8{0: 1}, 'a', 257, 0, 256), true},
	{"a single distance, the other used", coded(map[int]uint8{'a': 2, 257: 2, 256: 1}, map[int]uint8{0: 1}, 'a', 257, -1, 256), false},
	{"no end of the block", coded(map[int]uint8{'a': 1, 'b': 1}, nil, 'a', 'b'), false},
	{"no codes at all", coded(nil, nil), false},
}

// built returns what f writes.
func built(f func(w *bitWriter)) []byte {
	var w bitWriter
	f(&w)
	return w.b
}

// fixed returns a block of the fixed code, with its end: after each length, of
// no extra bits, the distance.
func fixed(symbols ...int) []byte {
	var r Reader
	r.fixedCode()
	return built(func(w *bitWriter) {
		w.bits(1|1<<1, 3)
		writeAll(w, r.lengths[:maxLit], r.lengths[maxLit:], append(symbols, endBlock))
	})
}

// coded returns a block of codes of these lengths. The distance -1 is a bit
// that is set.
func coded(lits, dists map[int]uint8, symbols ...int) []byte {
	l, d := make([]uint8, usedLit), make([]uint8, usedDist)
	for symbol, n := range lits {
		l[symbol] = n
	}
	for symbol, n := range dists {
		d[symbol] = n
	}
	return built(func(w *bitWriter) {
		w.header(l, d)
		writeAll(w, l, d, symbols)
		w.bits(0, 64)
	})
}

func writeAll(w *bitWriter, lits, dists []uint8, symbols []int) {
	lit, ok := codes(lits)
	dist, alsoOK := codes(dists)
	if !ok || !alsoOK {
		return
	}
	isDistance := false
	for _, symbol := range symbols {
		switch {
		case symbol == -1:
			w.bits(1, 1)
		case isDistance:
			dist(w, symbol)
		default:
			lit(w, symbol)
		}
		isDistance = !isDistance && symbol > endBlock
	}
}

func TestDamaged(t *testing.T) {
	for _, d := range damaged {
		t.Run(d.name, func(t *testing.T) {
			var r Reader
			r.Reset(bytes.NewReader(d.stream))
			if _, err := io.ReadAll(&r); (err == nil) != d.ok {
				t.Errorf("error: %v", err)
			}
			compare(t, d.stream, 1)
			compare(t, d.stream, 1<<16)
		})
	}
}
