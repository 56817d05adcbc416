package inflate

import "encoding/binary"

// inputSlack is how much input the fast loop may use in one round.
const inputSlack = 16

// readHuffman decodes symbols until out is full or the block ends.
func (r *Reader) readHuffman() error {
	r.copyMatch()
	for r.w < r.limit {
		if r.n-r.i < inputSlack {
			r.fill(inputSlack)
		}
		var end bool
		var err error
		if r.n-r.i >= inputSlack && len(r.out)-r.w >= slack {
			end, err = r.fast()
		} else {
			end, err = r.careful()
		}
		if err != nil {
			return err
		}
		if end {
			r.state = atHeader
			return nil
		}
	}
	return nil
}

// fast decodes symbols while there is more than enough input and room. It
// reports whether the block ended.
func (r *Reader) fast() (end bool, err error) {
	in, out := r.in[:r.n], r.out
	i, w := r.i, r.w
	bits, count := r.bits, r.count
	lit, dist := &r.lit, &r.dist
	lastIn, lastOut := len(in)-inputSlack, len(out)-slack

	bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
	i += int(63-count) >> 3
	count |= 56
	e := lit[bits&(1<<litBits-1)]
	for i <= lastIn && w <= lastOut {
		// At the top of each round e is what the bits begin with, of which
		// there are at least litBits.
		bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
		i += int(63-count) >> 3
		count |= 56
		// A literal is known by the sign.
		if int32(e) < 0 {
			bits >>= e & takeMask
			count -= uint(e & takeMask)
			out[w] = byte(e >> baseShift)
			w++
			e = lit[bits&(1<<litBits-1)]
			if int32(e) < 0 {
				bits >>= e & takeMask
				count -= uint(e & takeMask)
				out[w] = byte(e >> baseShift)
				w++
				e = lit[bits&(1<<litBits-1)]
				if int32(e) < 0 {
					bits >>= e & takeMask
					count -= uint(e & takeMask)
					out[w] = byte(e >> baseShift)
					w++
					e = lit[bits&(1<<litBits-1)]
					if int32(e) < 0 {
						bits >>= e & takeMask
						count -= uint(e & takeMask)
						out[w] = byte(e >> baseShift)
						w++
						e = lit[bits&(1<<litBits-1)]
						continue
					}
				}
			}
		}
		// Three literals took at most 33 bits of 56; a length takes up to 20.
		if e&flagSpecial != 0 {
			if e&flagTable != 0 {
				e = lit[second(e, bits>>litBits)&(litEntries-1)]
				if int32(e) < 0 {
					bits >>= e & takeMask
					count -= uint(e & takeMask)
					out[w] = byte(e >> baseShift)
					w++
					e = lit[bits&(1<<litBits-1)]
					if count < litBits {
						break
					}
					continue
				}
			}
			if e&flagSpecial != 0 {
				if e&flagEnd == 0 {
					err = errCorrupt
					break
				}
				bits >>= e & takeMask
				count -= uint(e & takeMask)
				end = true
				break
			}
		}
		extra := bits & (1<<(e&takeMask) - 1)
		bits >>= e & takeMask
		count -= uint(e & takeMask)
		length := int(e>>baseShift) + int(extra>>(e>>codeShift&codeMask))

		bits |= binary.LittleEndian.Uint64(in[i:]) << (count & 63)
		i += int(63-count) >> 3
		count |= 56
		d := dist[bits&(1<<distBits-1)]
		if d&flagSpecial != 0 {
			if d&flagTable != 0 {
				d = dist[second(d, bits>>distBits)&(distEntries-1)]
			}
			if d&flagSpecial != 0 {
				err = errCorrupt
				break
			}
		}
		extra = bits & (1<<(d&takeMask) - 1)
		bits >>= d & takeMask
		count -= uint(d & takeMask)
		distance := int(d>>baseShift) + int(extra>>(d>>codeShift&codeMask))
		if distance > w {
			err = errCorrupt
			break
		}
		e = lit[bits&(1<<litBits-1)]
		copyFast(out, w, distance, length)
		w += length
	}
	r.bits, r.count = bits&(1<<(count&63)-1), count
	r.i, r.w = i, w
	return end, err
}

// copyFast copies length bytes from distance before w to w. It may write 16
// bytes more.
func copyFast(out []byte, w, distance, length int) {
	from, end := w-distance, w+length
	switch {
	case distance >= 8:
		if length > 48 && distance >= length {
			copy(out[w:end], out[from:])
			return
		}
		for {
			binary.LittleEndian.PutUint64(out[w:], binary.LittleEndian.Uint64(out[from:]))
			binary.LittleEndian.PutUint64(out[w+8:], binary.LittleEndian.Uint64(out[from+8:]))
			w, from = w+16, from+16
			if w >= end {
				return
			}
		}
	default:
		// The bytes repeat within a word.
		p := patterns[distance&7]
		word := binary.LittleEndian.Uint64(out[from:]) & p.mask * p.repeat
		for w < end {
			binary.LittleEndian.PutUint64(out[w:], word)
			w += p.step
		}
	}
}

// patterns says how to repeat the first bytes of a word, by their number: what
// the word is cut to and multiplied by, and how many bytes of the product are
// whole repetitions.
var patterns = [8]struct {
	mask, repeat uint64
	step         int
}{
	1: {0xff, 0x0101010101010101, 8},
	2: {0xffff, 0x0001000100010001, 8},
	3: {0xffffff, 0x0001000001000001, 6},
	4: {0xffffffff, 0x0000000100000001, 8},
	5: {0xffffffffff, 0x0000010000000001, 5},
	6: {0xffffffffffff, 0x0001000000000001, 6},
	7: {0xffffffffffffff, 0x0100000000000001, 7},
}

// careful decodes one symbol where input or room may run out.
func (r *Reader) careful() (end bool, err error) {
	// What is missing is missing only if the symbol turns out to need it.
	_ = r.need(maxCode + 5)
	e := r.lit[r.bits&(1<<litBits-1)]
	if e&flagTable != 0 {
		e = r.lit[second(e, r.bits>>litBits)]
	}
	size := uint(e & takeMask)
	switch {
	case size > r.count:
		return false, r.short()
	case e&flagLiteral != 0:
		r.take(size)
		r.out[r.w] = byte(e >> baseShift)
		r.w++
		return false, nil
	case e&flagEnd != 0:
		r.take(size)
		return true, nil
	case e&flagSpecial != 0:
		return false, r.noCode()
	}
	code := uint(e >> codeShift & codeMask)
	r.take(code)
	length := int(e>>baseShift) + int(r.take(size-code))

	_ = r.need(maxCode + 13)
	e = r.dist[r.bits&(1<<distBits-1)]
	if e&flagTable != 0 {
		e = r.dist[second(e, r.bits>>distBits)]
	}
	size, code = uint(e&takeMask), uint(e>>codeShift&codeMask)
	switch {
	case size > r.count:
		return false, r.short()
	case e&flagSpecial != 0:
		return false, r.noCode()
	}
	r.take(code)
	distance := int(e>>baseShift) + int(r.take(size-code))
	if distance > r.w {
		return false, errCorrupt
	}
	r.match, r.distance = length, distance
	r.copyMatch()
	return false, nil
}

// second returns where in a table the entry stands that e, an entry for a
// second table, and the bits behind the first ones lead to.
func second(e uint32, bits uint64) uint64 {
	return uint64(e>>baseShift&baseMask) + bits&(1<<(e&takeMask)-1)
}

// noCode returns the error for bits that are no code: they may be if they end
// early.
func (r *Reader) noCode() error {
	if r.count < maxCode {
		return r.short()
	}
	return errCorrupt
}

// copyMatch copies as much of a match as there is room for.
func (r *Reader) copyMatch() {
	for r.match > 0 && r.w < r.limit {
		n := copy(r.out[r.w:min(r.limit, r.w+r.match)], r.out[r.w-r.distance:r.w])
		r.w += n
		r.match -= n
	}
}
