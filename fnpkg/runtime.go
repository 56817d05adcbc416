package fnpkg

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Runtime is what is known of the life of one managed runtime: the language
// and operating system a provider puts beneath a function. Dates are midnight
// UTC of a calendar day; the zero time says that no date is known.
type Runtime struct {
	Provider string // "aws-lambda"
	Name     string // as the provider's API spells it, for example "python3.12"

	Released   time.Time
	Deprecated time.Time // first day without security patches and support
	NoCreate   time.Time // first day on which no function can be created with it
	NoUpdate   time.Time // first day on which no function that uses it can be updated

	// Successor is the newest runtime of the same family, empty for that one
	// itself and where none is known.
	Successor string

	// ContainerOnly says that it exists as a base image, not as a runtime for
	// zips: nothing ever blocks creating or updating.
	ContainerOnly bool
}

// RuntimeState is where in its life a runtime is on a day.
type RuntimeState string

// The states, from birth to end. A function on a runtime in any of them goes
// on running: providers block changes, not invocations.
const (
	RuntimeUnknown    RuntimeState = "unknown"    // in no table, or without dates; never to be read as fine
	RuntimeUnreleased RuntimeState = "unreleased" // the day is before its release
	RuntimeSupported  RuntimeState = "supported"
	RuntimeDeprecated RuntimeState = "deprecated" // no more patches
	RuntimeNoCreate   RuntimeState = "no-create"  // and no new functions
	RuntimeNoUpdate   RuntimeState = "no-update"  // and no changes to functions
)

// StateAt returns the state of r on the day of t in UTC. Without a date of
// deprecation nothing can be said: RuntimeUnknown.
func (r Runtime) StateAt(t time.Time) RuntimeState {
	reached := func(day time.Time) bool { return !day.IsZero() && !t.Before(day) }
	switch {
	// A few early runtimes were closed to changes before they were declared
	// deprecated, so the blocks are looked at first.
	case reached(r.NoUpdate):
		return RuntimeNoUpdate
	case reached(r.NoCreate):
		return RuntimeNoCreate
	case reached(r.Deprecated):
		return RuntimeDeprecated
	case r.Deprecated.IsZero():
		return RuntimeUnknown
	case !r.Released.IsZero() && t.Before(r.Released):
		return RuntimeUnreleased
	}
	return RuntimeSupported
}

// LookupRuntime returns the runtime of that name. Names are compared as they
// are: a provider would refuse "Python3.12".
func LookupRuntime(name string) (Runtime, bool) {
	rows := runtimes().rows
	i, ok := slices.BinarySearchFunc(rows, name, func(r Runtime, name string) int { return strings.Compare(r.Name, name) })
	if !ok {
		return Runtime{}, false
	}
	return rows[i], true
}

// Runtimes returns every runtime of the table, sorted by name.
func Runtimes() []Runtime { return slices.Clone(runtimes().rows) }

// RuntimesTaken is the day the dates of the table were taken from their
// sources. What providers announced later is not in it.
func RuntimesTaken() time.Time { return runtimes().taken }

// runtimesJSON is made by testdata/runtimes/make.go.
//
//go:embed runtimes.json
var runtimesJSON string

type runtimeTable struct {
	taken time.Time
	rows  []Runtime // sorted by name
}

// runtimes parses the table when it is first asked for: most commands never do.
var runtimes = sync.OnceValue(func() *runtimeTable {
	t, err := parseRuntimes([]byte(runtimesJSON))
	if err != nil {
		panic("the embedded table of runtimes: " + err.Error())
	}
	return t
})

func parseRuntimes(data []byte) (*runtimeTable, error) {
	var file struct {
		Taken    string `json:"taken"`
		Runtimes []struct {
			Provider, Name                           string
			Released, Deprecated, NoCreate, NoUpdate string
			Successor                                string
			ContainerOnly                            bool
		} `json:"runtimes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	var bad error
	day := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.DateOnly, s)
		if err != nil && bad == nil {
			bad = fmt.Errorf("%q is not a day", s)
		}
		return t
	}
	table := &runtimeTable{taken: day(file.Taken)}
	for _, r := range file.Runtimes {
		table.rows = append(table.rows, Runtime{
			Provider: r.Provider, Name: r.Name,
			Released: day(r.Released), Deprecated: day(r.Deprecated), NoCreate: day(r.NoCreate), NoUpdate: day(r.NoUpdate),
			Successor: r.Successor, ContainerOnly: r.ContainerOnly,
		})
	}
	slices.SortFunc(table.rows, func(a, b Runtime) int { return strings.Compare(a.Name, b.Name) })
	return table, bad
}
