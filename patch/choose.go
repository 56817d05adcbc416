package patch

import "slices"

// member is one installed version of a package with what is open against it.
type member struct {
	purlType string
	version  string
	findings []*Finding
	settled  map[string]bool // ids of findings that do not count
	ahead    []Candidate

	options []Option
	best    Step
	targets []string // the versions that are as good as the best, lowest first
}

// outcome is what is left after an upgrade to a candidate.
type outcome struct {
	candidate string
	step      Step
	left      []*Finding
	also      []string // ids of defects that the candidate has and the installed version does not
	pre       bool     // a pre-release where the installed version is none
}

func (o outcome) cost() int { return len(o.left) + len(o.also) }

// better reports whether o is to be preferred to p within a step; the
// candidates come lowest first, so equals are not better.
func (o outcome) better(p outcome) bool {
	if o.cost() != p.cost() {
		return o.cost() < p.cost()
	}
	return !o.pre && p.pre
}

// choose finds the options of a member and the best of them: the one that
// leaves least, and of those that leave the same the smallest step.
func (m *member) choose() {
	var outcomes []outcome
	for _, c := range m.ahead {
		outcomes = append(outcomes, m.outcome(c))
	}
	var best *outcome
	for _, step := range []Step{StepPatch, StepMinor, StepMajor} {
		var chosen *outcome
		for i := range outcomes {
			o := &outcomes[i]
			if o.step == step && (chosen == nil || o.better(*chosen)) {
				chosen = o
			}
		}
		if chosen == nil {
			continue
		}
		m.options = append(m.options, Option{
			Step: step, To: chosen.candidate,
			Clears: len(m.findings) - len(chosen.left), Left: leftIDs(*chosen),
		})
		if chosen.cost() < len(m.findings) && (best == nil || chosen.better(*best)) {
			best = chosen
		}
	}
	if best == nil {
		return
	}
	m.best = best.step
	for _, o := range outcomes {
		if o.step == best.step && !o.better(*best) && !best.better(o) {
			m.targets = append(m.targets, o.candidate)
		}
	}
}

func (m *member) outcome(c Candidate) outcome {
	o := outcome{
		candidate: c.Version,
		step:      stepBetween(m.purlType, m.version, c.Version),
		pre:       isPrerelease(m.purlType, c.Version) && !isPrerelease(m.purlType, m.version),
	}
	known := map[string]bool{}
	for _, f := range m.findings {
		known[f.ID] = true
		if slices.Contains(c.Affecting, f.ID) {
			o.left = append(o.left, f)
		}
	}
	for _, id := range c.Affecting {
		if !known[id] && !m.settled[id] {
			o.also = append(o.also, id)
		}
	}
	return o
}

func leftIDs(o outcome) []string {
	var ids []string
	for _, f := range o.left {
		ids = append(ids, f.ID)
	}
	return append(ids, o.also...)
}

// at returns the outcome of upgrading the member to one of its targets.
func (m *member) at(version string) outcome {
	for _, c := range m.ahead {
		if c.Version == version {
			return m.outcome(c)
		}
	}
	return outcome{left: m.findings}
}

// maxCoverNodes bounds the search for the fewest upgrades; beyond it the
// greedy choice stands.
const maxCoverNodes = 20_000

// cover chooses the fewest versions such that each member has one of its
// targets among them, and of such choices the first in the order of the
// versions. Members without targets are left out. The result says the version
// of each member.
//
// It is the hitting-set problem, searched by iterative deepening: the member
// with the fewest targets is tried with each of them. The packages of real
// plans have a handful of members; for more than the search can do the greedy
// answer is taken.
func cover(members []*member) map[*member]string {
	order := versionOrder(members)
	var open []*member
	for _, m := range members {
		if len(m.targets) > 0 {
			open = append(open, m)
		}
	}
	nodes := 0
	chosen := []string(nil)
	for size := 1; size <= len(open); size++ {
		if found, ok := hit(open, nil, size, &nodes); ok {
			chosen = found
			break
		}
		if nodes > maxCoverNodes {
			chosen = greedy(open, order)
			break
		}
	}
	out := map[*member]string{}
	for _, m := range open {
		for _, v := range m.targets { // lowest first
			if slices.Contains(chosen, v) {
				out[m] = v
				break
			}
		}
	}
	return out
}

// hit looks for at most size versions that hit every member, beside those
// already chosen.
func hit(open []*member, chosen []string, size int, nodes *int) ([]string, bool) {
	*nodes++
	var next *member
	for _, m := range open {
		if slices.ContainsFunc(m.targets, func(v string) bool { return slices.Contains(chosen, v) }) {
			continue
		}
		if next == nil || len(m.targets) < len(next.targets) {
			next = m
		}
	}
	if next == nil {
		return chosen, true
	}
	if len(chosen) == size || *nodes > maxCoverNodes {
		return nil, false
	}
	for _, v := range next.targets {
		if found, ok := hit(open, append(slices.Clip(chosen), v), size, nodes); ok {
			return found, true
		}
	}
	return nil, false
}

// greedy takes the version that hits most members, again and again.
func greedy(open []*member, order []string) []string {
	var chosen []string
	for len(open) > 0 {
		best, hits := "", 0
		for _, v := range order {
			n := 0
			for _, m := range open {
				if slices.Contains(m.targets, v) {
					n++
				}
			}
			if n > hits {
				best, hits = v, n
			}
		}
		chosen = append(chosen, best)
		open = slices.DeleteFunc(slices.Clone(open), func(m *member) bool { return slices.Contains(m.targets, best) })
	}
	return chosen
}

// versionOrder merges the targets of the members, each lowest first, into one
// order.
func versionOrder(members []*member) []string {
	var order []string
	for _, m := range members {
		at := 0
		for _, v := range m.targets {
			if i := slices.Index(order, v); i >= 0 {
				at = i + 1
				continue
			}
			order = slices.Insert(order, at, v)
			at++
		}
	}
	return order
}
