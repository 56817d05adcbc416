package zipvec

// Zeros returns a deflate stream (RFC 1951) of n zero bytes at the ratio of
// 1032 to 1, the most the format can do: one block whose codes spend a single
// bit on "258 more" and a single bit on "of the byte before".
func Zeros(n int) []byte {
	var w bits
	w.add(1, 1)    // the last block
	w.add(0b10, 2) // with its own Huffman codes

	// Code lengths of the literal and length codes 0…285: literal 0 and the
	// end of the block have two bits, "258 more" (285) has one. Of the
	// distance codes only 0, "the byte before", has one bit.
	w.add(286-257, 5)
	w.add(0, 5) // one distance code
	// The lengths are themselves coded. Used are 1 and 2 (lengths), 18 (11 to
	// 138 zeros); they stand at places 15, 17 and 2 of the order 16 17 18 0 8 7
	// 9 6 10 5 11 4 12 3 13 2 14 1 15, so 18 places are listed.
	w.add(18-4, 4)
	for place := range 18 {
		switch place {
		case 2: // 18
			w.add(1, 3)
		case 15, 17: // 2 and 1
			w.add(2, 3)
		default:
			w.add(0, 3)
		}
	}
	// Canonical codes: 18 is 0; 1 is 10; 2 is 11.
	length1 := func() { w.code(0b10, 2) }
	length2 := func() { w.code(0b11, 2) }
	zeros := func(n uint32) { w.code(0b0, 1); w.add(n-11, 7) }
	length2()  // literal 0
	zeros(138) // 1…138
	zeros(117) // 139…255
	length2()  // 256, end of block
	zeros(28)  // 257…284
	length1()  // 285, 258 more
	length1()  // distance 0
	// Canonical codes: 285 is 0; literal 0 is 10; end of block is 11.
	literal := func() { w.code(0b10, 2) }
	more := func() { w.code(0b0, 1); w.code(0b0, 1) }

	// One literal starts each run; what does not fill a run is literal too.
	left := n
	if left > 0 {
		literal()
		left--
	}
	for ; left >= 258; left -= 258 {
		more()
	}
	for ; left > 0; left-- {
		literal()
	}
	w.code(0b11, 2)
	return w.bytes()
}

// StoredBlock returns a deflate block that holds data, at most 65,535 bytes,
// as it is. Unless final, more blocks must follow.
func StoredBlock(data []byte, final bool) []byte {
	first := byte(0)
	if final {
		first = 1
	}
	return join([]byte{first}, le(uint16(len(data)), ^uint16(len(data))), data)
}

// bits writes a deflate stream bit by bit, §3.1.1.
type bits struct {
	out []byte
	acc uint32
	n   uint
}

// add appends the n low bits of v, the lowest first.
func (b *bits) add(v uint32, n uint) {
	b.acc |= v << b.n
	for b.n += n; b.n >= 8; b.n -= 8 {
		b.out = append(b.out, byte(b.acc))
		b.acc >>= 8
	}
}

// code appends the n bits of a Huffman code, the highest first.
func (b *bits) code(v uint32, n uint) {
	for i := int(n) - 1; i >= 0; i-- {
		b.add(v>>i&1, 1)
	}
}

func (b *bits) bytes() []byte {
	if b.n > 0 {
		b.add(0, 8-b.n)
	}
	return b.out
}
