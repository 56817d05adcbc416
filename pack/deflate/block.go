package deflate

import "math/bits"

const (
	literals  = 286
	distances = 30
	endBlock  = 256

	// blockTokens is how many tokens share a table at least.
	blockTokens = 8192

	maxStored = 65535
)

// coder writes tokens as blocks.
type coder struct {
	builder builder
	fixed   *table
}

// table is a pair of codes, and how the pair is written.
type table struct {
	literal, distance code

	lengths   code // of the words' lengths
	runs      []run
	nLiteral  int
	nDistance int
	nLengths  int
}

// run is a symbol of the alphabet in which lengths are written, and its extra
// bits.
type run struct{ symbol, extra uint8 }

// block is tokens that share a table.
type block struct {
	tokens    []token
	size      int // bytes of input
	literal   [literals]uint32
	distance  [distances]uint32
	extra     int // bits that follow words
	table     table
	tableCost int // bits of the dynamic table and the words by it
}

// blocks writes tokens, which stand for data, as blocks.
func (c *coder) blocks(w *bitWriter, tokens []token, data []byte, last bool) {
	var waiting *block
	for len(tokens) > 0 {
		n := min(blockTokens, len(tokens))
		next := c.block(tokens[:n])
		tokens = tokens[n:]
		if waiting != nil {
			if joined := c.join(waiting, next); joined.tableCost <= waiting.tableCost+next.tableCost {
				waiting = joined
				continue
			}
			c.write(w, waiting, data[:waiting.size], false)
			data = data[waiting.size:]
		}
		waiting = next
	}
	if waiting != nil {
		c.write(w, waiting, data, last)
	} else if last {
		w.write(0b011, 3) // the last block, of fixed codes
		w.write(0, 7)     // and its end
	}
	if !last {
		// An empty stored block ends at a whole byte.
		w.write(0, 3)
		w.align()
		w.write(0xffff0000, 32)
	}
	w.align()
}

func (c *coder) block(tokens []token) *block {
	b := &block{tokens: tokens}
	for _, t := range tokens {
		b.size += t.size()
		if !t.isMatch() {
			b.literal[t]++
			continue
		}
		l, d := lengthCode(t.length()), distanceCode(t.distance())
		b.literal[l.symbol]++
		b.distance[d.symbol]++
		b.extra += int(l.bits + d.bits)
	}
	b.literal[endBlock] = 1
	c.price(b)
	return b
}

// join returns two neighbouring blocks as one.
func (c *coder) join(a, b *block) *block {
	// The tokens of a and b are neighbours in one array.
	j := &block{tokens: a.tokens[:len(a.tokens)+len(b.tokens)]}
	j.size, j.extra = a.size+b.size, a.extra+b.extra
	for s := range j.literal {
		j.literal[s] = a.literal[s] + b.literal[s]
	}
	for s := range j.distance {
		j.distance[s] = a.distance[s] + b.distance[s]
	}
	j.literal[endBlock] = 1
	c.price(j)
	return j
}

// price makes the block's own table and says what the block costs by it.
func (c *coder) price(b *block) {
	t := &b.table
	c.builder.build(&t.literal, b.literal[:], 15)
	c.builder.build(&t.distance, b.distance[:], 15)
	c.describe(t)
	cost := 3 + 5 + 5 + 4 + 3*t.nLengths
	for _, r := range t.runs {
		cost += int(t.lengths.length[r.symbol]) + runBits(r.symbol)
	}
	b.tableCost = cost + b.words(t)
}

// words is how many bits the block's words take by a table.
func (b *block) words(t *table) int {
	cost := b.extra
	for s, f := range b.literal {
		cost += int(f) * int(t.literal.length[s])
	}
	for s, f := range b.distance {
		cost += int(f) * int(t.distance.length[s])
	}
	return cost
}

// lengthOrder is the order in which the lengths of the lengths' words are
// written (RFC 1951 §3.2.7).
const lengthOrder = "\x10\x11\x12\x00\x08\x07\x09\x06\x0a\x05\x0b\x04\x0c\x03\x0d\x02\x0e\x01\x0f"

// describe finds how a table is written.
func (c *coder) describe(t *table) {
	t.nLiteral = t.literal.used(literals, 257)
	t.nDistance = t.distance.used(distances, 1)
	lengths := make([]uint8, 0, literals+distances)
	lengths = append(append(lengths, t.literal.length[:t.nLiteral]...), t.distance.length[:t.nDistance]...)
	t.runs = runsOf(t.runs[:0], lengths)
	var frequencies [19]uint32
	for _, r := range t.runs {
		frequencies[r.symbol]++
	}
	c.builder.build(&t.lengths, frequencies[:], 7)
	t.nLengths = len(lengthOrder)
	for t.nLengths > 4 && t.lengths.length[lengthOrder[t.nLengths-1]] == 0 {
		t.nLengths--
	}
}

// runsOf writes lengths with repetitions.
func runsOf(runs []run, lengths []uint8) []run {
	for i := 0; i < len(lengths); {
		l, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		if l != 0 {
			runs = append(runs, run{symbol: l})
			n--
		}
		for n > 0 {
			switch {
			case n < 3:
				runs = append(runs, run{symbol: l})
				n--
			case l == 0 && n >= 11:
				k := min(n, 138)
				runs = append(runs, run{18, uint8(k - 11)})
				n -= k
			case l == 0:
				runs = append(runs, run{17, uint8(n - 3)})
				n = 0
			default:
				k := min(n, 6)
				runs = append(runs, run{16, uint8(k - 3)})
				n -= k
			}
		}
	}
	return runs
}

// runBits is how many extra bits follow a symbol of the lengths' alphabet.
func runBits(symbol uint8) int {
	switch symbol {
	case 16:
		return 2
	case 17:
		return 3
	case 18:
		return 7
	}
	return 0
}

// write writes a block in the cheapest way.
func (c *coder) write(w *bitWriter, b *block, data []byte, last bool) {
	if c.fixed == nil {
		c.fixed = fixedTable()
	}
	fixedCost := 3 + b.words(c.fixed)
	// Each stored part begins at a whole byte, which may cost seven bits.
	storedCost := (len(data)+maxStored-1)/maxStored*(3+7+32) + 8*len(data)
	var final uint32
	if last {
		final = 1
	}
	switch {
	case storedCost <= fixedCost && storedCost <= b.tableCost:
		stored(w, data, final)
	case fixedCost <= b.tableCost:
		w.write(final|1<<1, 3)
		b.write(w, c.fixed)
	default:
		w.write(final|2<<1, 3)
		b.table.write(w)
		b.write(w, &b.table)
	}
}

func stored(w *bitWriter, data []byte, final uint32) {
	for {
		n := min(maxStored, len(data))
		end := uint32(0)
		if n == len(data) {
			end = final
		}
		w.write(end, 3)
		w.align()
		w.write(uint32(n)|^uint32(n)<<16, 32)
		w.out = append(w.out, data[:n]...)
		if data = data[n:]; len(data) == 0 {
			return
		}
	}
}

// fixedTable is the table that is not written (RFC 1951 §3.2.6).
func fixedTable() *table {
	t := &table{}
	for s := range t.literal.length {
		switch {
		case s < 144:
			t.literal.length[s] = 8
		case s < 256:
			t.literal.length[s] = 9
		case s < 280:
			t.literal.length[s] = 7
		default:
			t.literal.length[s] = 8
		}
	}
	t.literal.assign(maxSymbols)
	for s := range distances {
		t.distance.length[s] = 5
	}
	t.distance.assign(distances)
	return t
}

func (t *table) write(w *bitWriter) {
	w.write(uint32(t.nLiteral-257), 5)
	w.write(uint32(t.nDistance-1), 5)
	w.write(uint32(t.nLengths-4), 4)
	for _, s := range []byte(lengthOrder)[:t.nLengths] {
		w.write(uint32(t.lengths.length[s]), 3)
	}
	for _, r := range t.runs {
		t.lengths.write(w, int(r.symbol))
		w.write(uint32(r.extra), uint(runBits(r.symbol)))
	}
}

func (c *code) write(w *bitWriter, symbol int) {
	w.write(uint32(c.bits[symbol]), uint(c.length[symbol]))
}

func (b *block) write(w *bitWriter, t *table) {
	for _, tok := range b.tokens {
		if !tok.isMatch() {
			t.literal.write(w, int(tok))
			continue
		}
		l, d := lengthCode(tok.length()), distanceCode(tok.distance())
		t.literal.write(w, l.symbol)
		w.write(l.extra, l.bits)
		t.distance.write(w, d.symbol)
		w.write(d.extra, d.bits)
	}
	t.literal.write(w, endBlock)
}

// symbol is a symbol and the extra bits that follow its word.
type symbol struct {
	symbol int
	extra  uint32
	bits   uint
}

// lengthCode returns how a length is written (RFC 1951 §3.2.5).
func lengthCode(length int) symbol {
	n := length - minMatch
	switch {
	case length == maxMatch:
		return symbol{symbol: 285}
	case n < 8:
		return symbol{symbol: 257 + n}
	}
	extra := uint(bits.Len(uint(n))) - 3
	return symbol{257 + int(extra)*4 + n>>extra, uint32(n) & (1<<extra - 1), extra}
}

// distanceCode returns how a distance is written (RFC 1951 §3.2.5).
func distanceCode(distance int) symbol {
	n := distance - 1
	if n < 4 {
		return symbol{symbol: n}
	}
	extra := uint(bits.Len(uint(n))) - 2
	return symbol{int(extra)*2 + n>>extra, uint32(n) & (1<<extra - 1), extra}
}
