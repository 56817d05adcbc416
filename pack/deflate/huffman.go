package deflate

import (
	"math/bits"
	"slices"
)

// maxSymbols is the size of the largest alphabet, that of literals and
// lengths, with two symbols that have words and never occur.
const maxSymbols = 288

// code is a prefix code: for each symbol its length in bits, 0 for none, and
// its bits in the order in which they are written.
type code struct {
	length [maxSymbols]uint8
	bits   [maxSymbols]uint16
}

// node is a symbol, or two nodes of the list before.
type node struct {
	weight uint32
	symbol int32 // -1 for two nodes
	first  int32 // index of the first of the two
}

// builder makes codes. It keeps its memory.
type builder struct {
	leaves []node
	lists  [15][]node
}

// build makes the code whose words for frequencies are the shortest in sum
// while none is longer than limit bits, by package-merge (Larmore and
// Hirschberg, 1990). Frequencies that are all zero but one, or all zero, give
// codes of two words: some readers want no fewer.
func (b *builder) build(c *code, frequencies []uint32, limit int) {
	b.leaves = b.leaves[:0]
	for s, f := range frequencies {
		if f > 0 {
			b.leaves = append(b.leaves, node{weight: f, symbol: int32(s)})
		}
	}
	for s := 0; len(b.leaves) < 2; s++ {
		if frequencies[s] == 0 {
			b.leaves = append(b.leaves, node{weight: 1, symbol: int32(s)})
		}
	}
	slices.SortFunc(b.leaves, func(x, y node) int {
		if x.weight != y.weight {
			return int(int64(x.weight) - int64(y.weight))
		}
		return int(x.symbol - y.symbol)
	})
	b.lists[0] = append(b.lists[0][:0], b.leaves...)
	for level := 1; level < limit; level++ {
		b.lists[level] = b.merge(b.lists[level][:0], b.lists[level-1])
	}
	clear(c.length[:])
	b.count(c, limit-1, 2*len(b.leaves)-2)
	c.assign(len(frequencies))
}

// merge returns the leaves and the pairs of below in order of weight; leaves
// come first where weights are the same.
func (b *builder) merge(out, below []node) []node {
	leaf := 0
	for pair := 0; pair+1 < len(below); pair += 2 {
		weight := below[pair].weight + below[pair+1].weight
		for leaf < len(b.leaves) && b.leaves[leaf].weight <= weight {
			out = append(out, b.leaves[leaf])
			leaf++
		}
		out = append(out, node{weight: weight, symbol: -1, first: int32(pair)})
	}
	return append(out, b.leaves[leaf:]...)
}

// count adds a bit to each symbol for each time it is among the first n nodes
// of a list, or of the pairs they stand for. The pairs among the first nodes
// of a list are the first pairs of the list below.
func (b *builder) count(c *code, level, n int) {
	for ; n > 0; level-- {
		pairs := 0
		for _, nd := range b.lists[level][:n] {
			if nd.symbol >= 0 {
				c.length[nd.symbol]++
			} else {
				pairs++
			}
		}
		n = 2 * pairs
	}
}

// assign gives each symbol its word (RFC 1951 §3.2.2).
func (c *code) assign(symbols int) {
	var count, next [16]uint16
	for _, l := range c.length[:symbols] {
		count[l]++
	}
	count[0] = 0
	var word uint16
	for l := 1; l < len(next); l++ {
		word = (word + count[l-1]) << 1
		next[l] = word
	}
	for s, l := range c.length[:symbols] {
		if l > 0 {
			c.bits[s] = bits.Reverse16(next[l]) >> (16 - l)
			next[l]++
		}
	}
}

// used returns how many symbols there are up to the last with a word, at least
// least.
func (c *code) used(symbols, least int) int {
	for symbols > least && c.length[symbols-1] == 0 {
		symbols--
	}
	return symbols
}
