package bundle

// automaton finds all of a fixed set of byte strings in one pass over a text,
// at a cost per byte that does not depend on their number (Aho and Corasick,
// 1975). A bundle is megabytes on one line, and there are over a hundred
// strings worth a look.
type automaton struct {
	next  [][256]uint16 // by state; state 0 is the start
	found [][]uint16    // needles that end in a state, longest first
}

// newAutomaton returns the automaton of needles, each told apart by its index.
func newAutomaton(needles []string) *automaton {
	a := &automaton{next: make([][256]uint16, 1), found: make([][]uint16, 1)}
	for i, n := range needles {
		state := uint16(0)
		for j := 0; j < len(n); j++ {
			to := a.next[state][n[j]]
			if to == 0 {
				to = uint16(len(a.next))
				a.next = append(a.next, [256]uint16{})
				a.found = append(a.found, nil)
				a.next[state][n[j]] = to
			}
			state = to
		}
		a.found[state] = append(a.found[state], uint16(i))
	}
	a.link()
	return a
}

// link turns the tree of needles into a deterministic automaton, breadth first.
func (a *automaton) link() {
	fail := make([]uint16, len(a.next))
	var queue []uint16
	for _, to := range a.next[0] {
		if to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.found[state] = append(a.found[state], a.found[fail[state]]...)
		for c := range 256 {
			to, back := a.next[state][c], a.next[fail[state]][c]
			if to == 0 {
				a.next[state][c] = back
				continue
			}
			fail[to] = back
			queue = append(queue, to)
		}
	}
}

// each calls yield with each occurrence of a needle in order of their ends,
// until it returns false.
func (a *automaton) each(text []byte, yield func(needle, end int) bool) {
	state := uint16(0)
	for i, c := range text {
		state = a.next[state][c]
		if state == 0 || a.found[state] == nil {
			continue
		}
		for _, n := range a.found[state] {
			if !yield(int(n), i+1) {
				return
			}
		}
	}
}
