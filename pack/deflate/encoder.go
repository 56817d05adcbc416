package deflate

// Window is how far back a match may reach, in bytes.
const Window = 32 << 10

const (
	minMatch = 3
	maxMatch = 258
	hashBits = 16

	// Matches of three bytes that are further back cost more than literals.
	farThree = 4096

	goodMatch  = 32   // from here on less is looked for
	chainLimit = 1024 // candidates looked at
)

// Encoder compresses pieces of streams. Its zero value is ready to use; using
// it again saves memory. It is not safe for concurrent use.
type Encoder struct {
	head   [1 << hashBits]int32 // position behind the newest of a hash, 0 for none
	prev   []int32              // for each position, the one before of its hash
	buf    []byte
	tokens []token
	codes  coder
}

// Append appends to dst the compressed form of data, a piece of a stream, and
// returns it. before is what precedes data in the stream; its last Window bytes
// count. The piece that ends the stream is last; any other ends at a whole
// byte, so that the pieces of a stream can be compressed apart and joined. A
// piece may have up to 64 MiB.
func (e *Encoder) Append(dst, before, data []byte, last bool) []byte {
	if over := len(before) - Window; over > 0 {
		before = before[over:]
	}
	e.buf = append(append(e.buf[:0], before...), data...)
	e.match(len(before))
	w := bitWriter{out: dst}
	e.codes.blocks(&w, e.tokens, e.buf[len(before):], last)
	return w.out
}

// token is a literal, or a match: matchFlag, then 8 bits of length-3, then 15
// bits of distance-1.
type token uint32

const (
	matchFlag   = 1 << 31
	lengthShift = 16
)

func matchOf(length, distance int) token {
	return token(matchFlag | (length-minMatch)<<lengthShift | (distance - 1))
}

func (t token) isMatch() bool { return t&matchFlag != 0 }
func (t token) length() int   { return int(t>>lengthShift&0xff) + minMatch }
func (t token) distance() int { return int(t&0x7fff) + 1 }

// size is how many bytes of input the token stands for.
func (t token) size() int {
	if t.isMatch() {
		return t.length()
	}
	return 1
}

// match makes tokens of e.buf from start on. A match is taken unless the one a
// byte later is longer.
func (e *Encoder) match(start int) {
	e.reset()
	for i := range start {
		e.insert(i)
	}
	length, distance := minMatch-1, 0 // of the match a byte ago
	pending := false                  // the byte before is neither literal nor match yet
	for i := start; i < len(e.buf); {
		candidate := e.insert(i)
		now, back := minMatch-1, 0
		if length < maxMatch {
			now, back = e.longest(i, candidate, length)
			if now == minMatch && back > farThree {
				now = minMatch - 1
			}
		}
		if length >= minMatch && now <= length {
			e.tokens = append(e.tokens, matchOf(length, distance))
			end := i - 1 + length
			for i++; i < end; i++ {
				e.insert(i)
			}
			length, pending = minMatch-1, false
			continue
		}
		if pending {
			e.tokens = append(e.tokens, token(e.buf[i-1]))
		}
		length, distance, pending = now, back, true
		i++
	}
	if pending {
		e.tokens = append(e.tokens, token(e.buf[len(e.buf)-1]))
	}
}

func (e *Encoder) reset() {
	clear(e.head[:])
	if cap(e.prev) < len(e.buf) {
		e.prev = make([]int32, len(e.buf))
	}
	e.prev = e.prev[:len(e.buf)]
	e.tokens = e.tokens[:0]
}

// insert notes position i under the hash of its bytes, and returns the one
// noted before, -1 if there is none.
func (e *Encoder) insert(i int) int {
	if i+minMatch > len(e.buf) {
		return -1
	}
	h := hash(e.buf[i], e.buf[i+1], e.buf[i+2])
	before := e.head[h]
	e.prev[i] = before
	e.head[h] = int32(i + 1)
	return int(before) - 1
}

func hash(a, b, c byte) uint32 {
	v := uint32(a) | uint32(b)<<8 | uint32(c)<<16
	return v * 0x9e3779b1 >> (32 - hashBits)
}

// longest returns the longest match at i that is longer than have, the nearest
// of those of one length.
func (e *Encoder) longest(i, candidate, have int) (length, distance int) {
	length = have
	most := min(maxMatch, len(e.buf)-i)
	if most <= length {
		return minMatch - 1, 0
	}
	tries := chainLimit
	if have >= goodMatch {
		tries /= 4
	}
	here := e.buf[i : i+most]
	for ; candidate >= 0 && i-candidate <= Window && tries > 0; tries-- {
		there := e.buf[candidate : candidate+most]
		if there[length] == here[length] && there[length-1] == here[length-1] && there[0] == here[0] {
			if n := common(here, there); n > length {
				length, distance = n, i-candidate
				if n == most {
					break
				}
			}
		}
		candidate = int(e.prev[candidate]) - 1
	}
	if distance == 0 {
		return minMatch - 1, 0
	}
	return length, distance
}
