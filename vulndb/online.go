package vulndb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fnseal/fnseal/fnpkg"
)

// OnlineURL is the API of the OSV project.
const OnlineURL = "https://api.osv.dev"

// OnlineOptions say how a DB asks an API in place of an index.
type OnlineOptions struct {
	URL string // empty means OnlineURL

	// Private are patterns of package names that are never sent, as of
	// path.Match. A pattern covers what is below it: "@acme" covers
	// "@acme/widget", "com.acme.*" covers "com.acme.shop:cart", and
	// "git.acme.example" covers "git.acme.example/team/module".
	Private []string

	HTTPClient *http.Client     // may be nil
	Now        func() time.Time // nil means time.Now
	Limits     Limits
}

// Online returns a DB that asks the API of the OSV project what it knows of
// each package, when Match first sees it, and then answers as an index does.
// The ecosystem and the name of a package are sent, never its version: what
// affects a version is decided here, by the same rules as of an index.
//
// What the API says is kept in memory as long as the DB is open.
func Online(o OnlineOptions) (*DB, error) {
	base, err := parseAddress(cmp.Or(o.URL, OnlineURL))
	if err != nil {
		return nil, err
	}
	for _, p := range o.Private {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, fmt.Errorf("%q is no pattern of package names: %w", shorten(p), path.ErrBadPattern)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &DB{path: base.String(), online: &online{
		base: base, private: o.Private, now: o.Now,
		fetcher: newFetcher(o.HTTPClient, o.Limits.orDefaults(), location{}),
		asked:   make(map[packageName]bool),
		texts:   make(map[string][]byte),
	}}, nil
}

// online is what an API has said so far.
type online struct {
	*fetcher
	base    address
	private []string
	now     func() time.Time

	asking sync.Mutex        // held while the API is asked
	texts  map[string][]byte // records, by id; nil for one the API does not have

	mu     sync.RWMutex
	asked  map[packageName]bool
	values map[string][]byte // as in an index, by bucket and key
	stamp  Stamp
}

type packageName struct{ ecosystem, name string }

const (
	queriesAtOnce = 1000 // what the API takes in one request
	maxPages      = 200  // of answers about one package
	maxAnswer     = 64 << 20
	recordsAtOnce = 16
)

// isOnline reports whether the API knows an ecosystem by the name it has here.
func isOnline(ecosystem string) bool {
	switch baseEcosystem(ecosystem) {
	case ecoCrates, ecoGo, ecoHex, ecoMaven, ecoNPM, ecoNuGet, ecoPackagist, ecoPub, ecoPyPI, ecoRubyGems,
		"Bitnami", "ConanCenter", "CRAN", "GitHub Actions", "Hackage", "Julia", "SwiftURL",
		ecoAlpine, ecoDebian, ecoWolfi, "AlmaLinux", "Chainguard", "Rocky Linux", "Ubuntu":
		return true
	}
	return false
}

// refuses says why a package is not asked about; empty if it is.
func (o *online) refuses(s subject, name string) string {
	switch {
	case !isOnline(s.ecosystem):
		return fmt.Sprintf("%s is not asked about %s", o.base, s.ecosystem)
	case o.isPrivate(s.name) || o.isPrivate(name):
		return fmt.Sprintf("its name is private and was not sent to %s", o.base)
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	if !o.asked[packageName{s.ecosystem, s.name}] {
		return fmt.Sprintf("%s was not asked about it", o.base)
	}
	return ""
}

// isPrivate compares a name, and what it is below, with the patterns.
func (o *online) isPrivate(name string) bool {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' && name[i] != ':' {
			continue
		}
		for _, pattern := range o.private {
			if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name[:i])); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// ask brings in what the API says of the packages of components.
func (o *online) ask(ctx context.Context, components []fnpkg.Component) error {
	o.asking.Lock()
	defer o.asking.Unlock()
	var wanted []packageName
	spelled := make(map[packageName]string)
	o.mu.RLock()
	for _, c := range components {
		s, reason := subjectOf(c)
		if reason != "" || !isOnline(s.ecosystem) || o.isPrivate(s.name) || o.isPrivate(c.Name) {
			continue
		}
		key := packageName{s.ecosystem, s.name}
		if _, seen := spelled[key]; seen || o.asked[key] {
			continue
		}
		// The API knows a module by the case it is spelled in.
		spelled[key] = s.name
		if s.ecosystem == ecoGo || s.ecosystem == ecoNuGet || s.ecosystem == ecoCrates {
			spelled[key] = c.Name
		}
		wanted = append(wanted, key)
	}
	o.mu.RUnlock()
	if len(wanted) == 0 {
		return nil
	}
	slices.SortFunc(wanted, func(a, b packageName) int {
		return cmp.Or(strings.Compare(a.ecosystem, b.ecosystem), strings.Compare(a.name, b.name))
	})
	ids := make(map[string]bool)
	for chunk := range slices.Chunk(wanted, queriesAtOnce) {
		if err := o.query(ctx, chunk, spelled, ids); err != nil {
			return err
		}
	}
	if err := o.fetch(ctx, ids, false); err != nil {
		return err
	}
	if err := o.fetch(ctx, o.unrated(), true); err != nil {
		return err
	}
	return o.add(wanted)
}

// query is a question of a batch.
type query struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	PageToken string `json:"page_token,omitempty"`
}

// query asks about packages, page by page, and collects the ids of the records
// about them (https://google.github.io/osv.dev/post-v1-querybatch/).
func (o *online) query(ctx context.Context, packages []packageName, spelled map[packageName]string, ids map[string]bool) error {
	queries := make([]query, len(packages))
	for i, p := range packages {
		queries[i].Package.Ecosystem, queries[i].Package.Name = p.ecosystem, spelled[p]
	}
	at := o.base.file("v1", "querybatch")
	for page := 0; len(queries) > 0; page++ {
		if page == maxPages {
			return &SourceError{Location: at.String(), Err: fmt.Errorf("the answer about %s %s does not end", queries[0].Package.Ecosystem, shorten(queries[0].Package.Name))}
		}
		body, err := json.Marshal(map[string]any{"queries": queries})
		if err != nil {
			return err
		}
		data, err := o.post(ctx, at, body, maxAnswer)
		if err != nil {
			return &SourceError{Location: at.String(), Err: err}
		}
		var answer struct {
			Results []struct {
				Vulns []struct {
					ID string `json:"id"`
				} `json:"vulns"`
				NextPageToken string `json:"next_page_token"`
			} `json:"results"`
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return &SourceError{Location: at.String(), Err: fmt.Errorf("the answer is not that of the API: %w", err)}
		}
		if len(answer.Results) != len(queries) {
			return &SourceError{Location: at.String(), Err: fmt.Errorf("the answer has %d results to %d queries", len(answer.Results), len(queries))}
		}
		var more []query
		for i, r := range answer.Results {
			for _, v := range r.Vulns {
				if err := checkID(v.ID); err != nil || strings.ContainsAny(v.ID, `/\`) {
					return &SourceError{Location: at.String(), Err: fmt.Errorf("the answer names a record that cannot be: %q", shorten(v.ID))}
				}
				ids[v.ID] = true
			}
			if int64(len(ids)) > o.limits.Records {
				return &SourceError{Location: at.String(), Err: fmt.Errorf("the answer names more than %d records", o.limits.Records)}
			}
			if r.NextPageToken != "" {
				q := queries[i]
				q.PageToken = r.NextPageToken
				more = append(more, q)
			}
		}
		queries = more
	}
	return nil
}

// unrated are the aliases that may say how severe a record is that does not
// say so itself, as most of the Go and PyPA databases do not.
func (o *online) unrated() map[string]bool {
	wanted := make(map[string]bool)
	for _, text := range o.texts {
		if text == nil {
			continue
		}
		a, err := parseAdvisory(text)
		r, _ := parseIndexed(text)
		if err != nil || r == nil || r.Withdrawn != "" || len(a.Severity) > 0 || a.DatabaseSpecific.Severity != "" {
			continue
		}
		aliases, _ := aliasesOf(r)
		for _, id := range aliases {
			if !strings.ContainsAny(id, `/\`) {
				wanted[id] = true
			}
		}
	}
	return wanted
}

// fetch brings in the records of ids that are not here yet. Of aliases the API
// need not have a record.
func (o *online) fetch(ctx context.Context, ids map[string]bool, aliases bool) error {
	var mu sync.Mutex
	more := make(map[string][]byte)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(recordsAtOnce)
	for id := range ids {
		if _, here := o.texts[id]; here {
			continue
		}
		group.Go(func() error {
			at := o.base.file("v1", "vulns", id)
			text, _, err := o.text(gctx, at, o.limits.RecordBytes, "")
			if aliases && errors.Is(err, errNotFound) {
				text, err = nil, nil
			}
			if err == nil && text != nil {
				r, perr := parseIndexed(text)
				switch {
				case r == nil:
					err = perr
				case r.ID != id && !aliases:
					err = fmt.Errorf("the server answered with record %q", shorten(r.ID))
				case r.ID != id:
					text = nil // the API may answer with the record that has the alias
				}
			}
			if err != nil {
				return &SourceError{Location: at.String(), Err: err}
			}
			mu.Lock()
			defer mu.Unlock()
			more[id] = text
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	maps.Copy(o.texts, more)
	return nil
}

// add makes what is here answer for packages too.
func (o *online) add(packages []packageName) error {
	values, records, err := encodeRecords(o.texts)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range packages {
		o.asked[p] = true
		if !slices.ContainsFunc(o.stamp.Sources, func(s Source) bool { return s.Ecosystem == p.ecosystem }) {
			o.stamp.Sources = append(o.stamp.Sources, Source{Location: o.base.String(), Ecosystem: p.ecosystem})
		}
	}
	slices.SortFunc(o.stamp.Sources, func(a, b Source) int { return strings.Compare(a.Ecosystem, b.Ecosystem) })
	o.values = values
	o.stamp.Schema, o.stamp.Built, o.stamp.Records = indexSchema, o.now().UTC(), records
	return nil
}

// value returns what an index would have under a key.
func (o *online) value(bucket []byte, key string) []byte {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.values[string(bucket)+"\x00"+key]
}

// encodeRecords lays records out as an index does.
func encodeRecords(texts map[string][]byte) (values map[string][]byte, records int, err error) {
	values = make(map[string][]byte)
	ties := make(map[string]map[string]bool)
	for id, text := range texts {
		if text == nil {
			continue
		}
		r, err := parseIndexed(text)
		if r == nil {
			return nil, 0, err
		}
		records++
		values[string(bucketRecords)+"\x00"+id] = appendStored(nil, methodStore, len(text), text)
		aliases, _ := aliasesOf(r)
		for _, other := range aliases {
			for _, pair := range [...][2]string{{id, other}, {other, id}} {
				if ties[pair[0]] == nil {
					ties[pair[0]] = make(map[string]bool)
				}
				ties[pair[0]][pair[1]] = true
			}
		}
	}
	ids := make([]string, 0, len(texts))
	for id := range texts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if texts[id] == nil {
			continue
		}
		r, _ := parseIndexed(texts[id])
		keys, entries, _ := newEntries(r)
		for i, key := range keys {
			at := string(bucketPackages) + "\x00" + key
			values[at] = appendString(values[at], string(entries[i].append(nil)))
		}
	}
	for id, others := range ties {
		var out []byte
		list := make([]string, 0, len(others))
		for other := range others {
			list = append(list, other)
		}
		slices.Sort(list)
		for _, other := range list {
			out = appendAlias(out, alias{other, texts[other] != nil})
		}
		values[string(bucketAliases)+"\x00"+id] = out
	}
	return values, records, nil
}

// post asks with a body and returns the answer.
func (f *fetcher) post(ctx context.Context, a address, body []byte, most int64) (data []byte, err error) {
	header := http.Header{"Content-Type": {"application/json"}}
	err = f.retry(ctx, func() error {
		return f.ask(ctx, http.MethodPost, a, header.Clone(), bytes.NewReader(body), func(r *http.Response, in io.Reader) error {
			if r.StatusCode != http.StatusOK {
				return permanent(fmt.Errorf("the server answered %q", shorten(r.Status)))
			}
			data, err = readCapped(r, in, most)
			return err
		})
	})
	return data, err
}
