package inflate

import "math/bits"

// A code is decoded by a lookup of its first bits; longer codes by a second one
// in a table the first names. Entries are laid out for the fast loop, in which
// each lookup waits for the shift by what the one before it takes:
//
//	bits 0–5    how many bits of input it takes: the code's and the extra ones;
//	            or how many bits the second table is looked up by
//	bits 8–11   how many bits the code has; not set for literals
//	bits 13–15  flags
//	bits 16–30  the literal, or the base of a length or distance, or where the
//	            second table begins
//	bit 31      it is a literal
const (
	takeMask    = 63
	codeShift   = 8
	codeMask    = 15
	flagSpecial = 1 << 13 // neither literal nor length or distance:
	flagTable   = 1 << 14 // a second table
	flagEnd     = 1 << 15 // the end of the block; without either, no code
	baseShift   = 16
	baseMask    = 1<<15 - 1
	flagLiteral = 1 << 31

	invalid = flagSpecial
)

const (
	maxCode = 15 // bits of the longest code

	litBits  = 11
	distBits = 9
	codeBits = 7

	// More than first and second tables take at most: 2342 entries for 288
	// symbols and 11 bits, 594 for 32 symbols and 9 bits (zlib's enough.c).
	litEntries  = 4096
	distEntries = 1024
)

type (
	litTable  [litEntries]uint32
	distTable [distEntries]uint32
	codeTable [1 << codeBits]uint16 // symbol<<8 | bits, 0 for no code
)

// litSymbols and distSymbols have the base of each symbol and its extra
// bits, section 3.2.5, without the bits of its code.
var (
	litSymbols  = makeLitSymbols()
	distSymbols = makeDistSymbols()
)

func makeLitSymbols() (t [maxLit]uint32) {
	for i := range 256 {
		t[i] = flagLiteral | uint32(i)<<baseShift
	}
	t[endBlock] = flagSpecial | flagEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(0, i/4-1))
		t[257+i] = base<<baseShift | extra
		base += 1 << extra
	}
	t[285] = maxMatch << baseShift
	t[286], t[287] = invalid, invalid
	return t
}

func makeDistSymbols() (t [maxDist]uint32) {
	base := uint32(1)
	for i := range usedDist {
		extra := uint32(max(0, i/2-1))
		t[i] = base<<baseShift | extra
		base += 1 << extra
	}
	t[30], t[31] = invalid, invalid
	return t
}

// build makes the table for literals and lengths. It reports whether the
// lengths make a code.
func (t *litTable) build(lengths []uint8) bool {
	return build(t[:], litBits, lengths, litSymbols[:])
}

// build makes the table for distances.
func (t *distTable) build(lengths []uint8) bool {
	return build(t[:], distBits, lengths, distSymbols[:])
}

// canonical gives out the codes that lengths stand for, RFC 1951 section 3.2.2,
// in their order: short codes first.
type canonical struct {
	symbols [maxLit]uint16 // that have a code, in the order of their codes
	count   [maxCode + 1]int
	max     int    // bits of the longest code
	code    uint16 // next one to give out
}

// init reports whether the lengths make a code: a complete one, or one of no
// symbol, or one of a single symbol and bit, as zlib and compress/flate accept
// them.
func (c *canonical) init(lengths []uint8) bool {
	for _, n := range lengths {
		c.count[n&maxCode]++
	}
	c.count[0] = 0
	var next [maxCode + 1]int
	used, left := 0, 1
	for n := 1; n <= maxCode; n++ {
		next[n] = used
		used += c.count[n]
		if left = left<<1 - c.count[n]; left < 0 {
			return false
		}
		if c.count[n] > 0 {
			c.max = n
		}
	}
	if left > 0 && !(c.max == 0 || c.max == 1) {
		return false
	}
	for symbol, n := range lengths {
		if n > 0 {
			c.symbols[next[n&maxCode]] = uint16(symbol)
			next[n&maxCode]++
		}
	}
	return true
}

// next returns the next code, which has n bits, with its first bit lowest.
func (c *canonical) next(n int) uint {
	code := c.code
	c.code++
	return uint(bits.Reverse16(code) >> (16 - n))
}

// build fills a table that is looked up by the first bits of a code. symbols
// has the entries without the bits of the codes.
func build(table []uint32, first int, lengths []uint8, symbols []uint32) bool {
	var c canonical
	if !c.init(lengths) {
		return false
	}
	if c.max <= 1 {
		table[0], table[1] = invalid, invalid // what no code leads to
	}
	entry := func(symbol uint16, n int) uint32 {
		e := symbols[symbol] + uint32(n)
		if e&flagLiteral == 0 {
			e += uint32(n) << codeShift
		}
		return e
	}
	rest := c.symbols[:]
	for n := 1; n <= first; n++ {
		c.code <<= 1
		for _, symbol := range rest[:c.count[n]] {
			table[c.next(n)] = entry(symbol, n)
		}
		rest = rest[c.count[n]:]
		if n < first {
			copy(table[1<<n:2<<n], table[:1<<n])
		}
	}
	free, begin, width := 1<<first, 0, 0
	head := ^uint(0)
	for n := first + 1; n <= c.max; n++ {
		c.code <<= 1
		for k, symbol := range rest[:c.count[n]] {
			code := c.next(n)
			if h := code & (1<<first - 1); h != head {
				head, begin, width = h, free, c.width(n, c.count[n]-k, first)
				free += 1 << width
				table[head] = flagSpecial | flagTable | uint32(begin)<<baseShift | uint32(width)
			}
			for i := int(code >> first); i < 1<<width; i += 1 << (n - first) {
				table[begin+i] = entry(symbol, n)
			}
		}
		rest = rest[c.count[n]:]
	}
	return true
}

// width returns how many bits a second table is looked up by that begins with
// a code of n bits, of which count are left: codes that share their first bits
// follow each other.
func (c *canonical) width(n, count, first int) int {
	left := 1<<(n-first) - count
	for left > 0 && n < c.max {
		n++
		left = left<<1 - c.count[n]
	}
	return n - first
}

// build makes the table for the lengths of codes.
func (t *codeTable) build(lengths []uint8) bool {
	var c canonical
	if !c.init(lengths) {
		return false
	}
	rest := c.symbols[:]
	for n := 1; n <= codeBits; n++ {
		c.code <<= 1
		for _, symbol := range rest[:c.count[n]] {
			for i := c.next(n); i < 1<<codeBits; i += 1 << n {
				t[i] = symbol<<8 | uint16(n)
			}
		}
		rest = rest[c.count[n]:]
	}
	return true
}
