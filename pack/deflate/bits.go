package deflate

// bitWriter appends bits to out, the lowest first (RFC 1951 §3.1.1).
type bitWriter struct {
	out  []byte
	acc  uint64
	have uint
}

// write appends the lowest n bits of v; n is at most 32.
func (w *bitWriter) write(v uint32, n uint) {
	w.acc |= uint64(v) << w.have
	w.have += n
	for w.have >= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
		w.have -= 8
	}
}

// align fills the last byte with zeros.
func (w *bitWriter) align() {
	if w.have > 0 {
		w.write(0, 8-w.have)
	}
}
