package vulndb

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fnseal/fnseal/internal/atomicfile"
)

// neededName is the file in the folder of the index that keeps which
// ecosystems scans had components of, and when.
const neededName = "needed.json"

const (
	// neededFor is how long an ecosystem is kept up to date after the last
	// scan that had components of it.
	neededFor     = 90 * 24 * time.Hour
	maxNeededFile = 1 << 20
)

// RecordNeeded remembers that a scan had components of these ecosystems
// (Result.Ecosystems), so that the next update can fetch what scans need. path
// is as UpdateOptions.Path; where it is a file and no folder nothing is kept.
func RecordNeeded(path string, ecosystems []string, now time.Time) error {
	where, err := locate(path)
	if err != nil || !where.folder || len(ecosystems) == 0 {
		return err
	}
	seen := where.needed()
	changed := false
	for _, e := range ecosystems {
		if checkEcosystem(e) != nil || len(seen) >= maxEcosystems && seen[e].IsZero() {
			continue
		}
		if now.Sub(seen[e]) > 24*time.Hour { // a day is precise enough: most scans write nothing
			seen[e], changed = now.UTC().Truncate(time.Second), true
		}
	}
	if !changed {
		return nil
	}
	maps.DeleteFunc(seen, func(_ string, last time.Time) bool { return now.Sub(last) > neededFor })
	data, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(where.dir, 0o755); err != nil {
		return fmt.Errorf("remembering the ecosystems of a scan: %w", err)
	}
	return atomicfile.Write(filepath.Join(where.dir, neededName), 0o644, append(data, '\n'))
}

// Needed returns the ecosystems that scans had components of lately, sorted;
// path is as UpdateOptions.Path.
func Needed(path string, now time.Time) ([]string, error) {
	where, err := locate(path)
	if err != nil || !where.folder {
		return nil, err
	}
	seen := where.needed()
	maps.DeleteFunc(seen, func(name string, last time.Time) bool {
		return now.Sub(last) > neededFor || checkEcosystem(name) != nil
	})
	return slices.Sorted(maps.Keys(seen)), nil
}

// needed reads the file. One that cannot be read says nothing: what it is for
// is convenience.
func (l location) needed() map[string]time.Time {
	seen := make(map[string]time.Time)
	f, err := os.Open(filepath.Join(l.dir, neededName))
	if err != nil {
		return seen
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNeededFile))
	if err != nil || json.Unmarshal(data, &seen) != nil || seen == nil {
		return make(map[string]time.Time)
	}
	return seen
}
