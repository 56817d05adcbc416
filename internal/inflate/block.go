package inflate

// Sizes of the alphabets, RFC 1951 section 3.2.7. The fixed code has 288
// literals and lengths, of which the last two stand for nothing.
const (
	maxLit   = 288
	maxDist  = 32
	usedLit  = 286
	usedDist = 30
	endBlock = 256
)

// codeOrder is the order in which the lengths of the code of lengths are
// written, section 3.2.7.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readHeader reads what is in front of a block's data, section 3.2.3.
func (r *Reader) readHeader() error {
	if r.final {
		// The rest of the last byte belongs to nothing.
		r.state = atEnd
		return nil
	}
	if err := r.need(3); err != nil {
		return err
	}
	r.final = r.take(1) == 1
	switch r.take(2) {
	case 0:
		return r.beginStored()
	case 1:
		r.fixedCode()
		r.state = inHuffman
		return nil
	case 2:
		if err := r.readCode(); err != nil {
			return err
		}
		r.state = inHuffman
		return nil
	}
	return errCorrupt
}

// beginStored reads the length of a stored block, section 3.2.4.
func (r *Reader) beginStored() error {
	r.take(r.count % 8)
	if err := r.need(32); err != nil {
		return err
	}
	length, complement := r.take(16), r.take(16)
	if length != ^complement&0xffff {
		return errCorrupt
	}
	r.stored, r.state = int(length), inStored
	return nil
}

// readStored copies bytes of a stored block.
func (r *Reader) readStored() error {
	// What was read as bits are whole bytes here.
	for ; r.stored > 0 && r.count > 0 && r.w < r.limit; r.stored-- {
		r.out[r.w] = byte(r.take(8))
		r.w++
	}
	if r.count == 0 {
		r.bits = 0
	}
	for r.stored > 0 && r.w < r.limit {
		r.fill(1)
		if r.i == r.n {
			return r.short()
		}
		n := copy(r.out[r.w:r.limit], r.in[r.i:min(r.n, r.i+r.stored)])
		r.i += n
		r.w += n
		r.stored -= n
	}
	if r.stored == 0 {
		r.state = atHeader
	}
	return nil
}

// fixedCode sets the code of section 3.2.6.
func (r *Reader) fixedCode() {
	lit := r.lengths[:maxLit]
	for i := range lit {
		switch {
		case i < 144:
			lit[i] = 8
		case i < 256:
			lit[i] = 9
		case i < 280:
			lit[i] = 7
		default:
			lit[i] = 8
		}
	}
	dist := r.lengths[maxLit:]
	for i := range dist {
		dist[i] = 5
	}
	r.lit.build(lit)
	r.dist.build(dist)
}

// readCode reads the codes of a block, section 3.2.7.
func (r *Reader) readCode() error {
	if err := r.need(14); err != nil {
		return err
	}
	lits, dists, codes := int(r.take(5))+257, int(r.take(5))+1, int(r.take(4))+4
	if lits > usedLit || dists > usedDist {
		return errCorrupt
	}
	var lengths [19]uint8
	for _, symbol := range codeOrder[:codes] {
		if err := r.need(3); err != nil {
			return err
		}
		lengths[symbol] = uint8(r.take(3))
	}
	var code codeTable
	if !code.build(lengths[:]) {
		return errCorrupt
	}
	all := r.lengths[:lits+dists]
	for i := 0; i < len(all); {
		// The longest symbol and what follows it have 14 bits. Fewer may be
		// left if the stream ends here.
		_ = r.need(14)
		e := code[r.bits&(1<<codeBits-1)]
		if e == 0 {
			if r.count < codeBits {
				return r.short()
			}
			return errCorrupt
		}
		size := uint(e & 15)
		symbol, extra := e>>8, uint(0)
		var value uint8
		repeat := 1
		switch {
		case symbol < 16:
			value = uint8(symbol)
		case symbol == 16:
			if i == 0 {
				return errCorrupt
			}
			value, repeat, extra = all[i-1], 3, 2
		case symbol == 17:
			repeat, extra = 3, 3
		default:
			repeat, extra = 11, 7
		}
		if r.count < size+extra {
			return r.short()
		}
		r.take(size)
		repeat += int(r.take(extra))
		if repeat > len(all)-i {
			return errCorrupt
		}
		for range repeat {
			all[i] = value
			i++
		}
	}
	if !r.lit.build(all[:lits]) || !r.dist.build(all[lits:]) {
		return errCorrupt
	}
	return nil
}
