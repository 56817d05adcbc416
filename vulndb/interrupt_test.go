package vulndb

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fnseal/fnseal/internal/testkit/osvgen"
	"github.com/fnseal/fnseal/internal/testkit/osvserver"
)

// childSource and childPath make the test binary a process that updates an
// index and tells its progress on standard output, to be killed by its parent.
const (
	childSource = "FNSEAL_TEST_UPDATE_SOURCE"
	childPath   = "FNSEAL_TEST_UPDATE_PATH"
)

func TestMain(m *testing.M) {
	if source := os.Getenv(childSource); source != "" {
		os.Exit(updateAsChild(source, os.Getenv(childPath)))
	}
	os.Exit(m.Run())
}

func updateAsChild(source, path string) int {
	_, err := Update(context.Background(), UpdateOptions{Sources: []string{source}, Path: path, Progress: func(p UpdateProgress) {
		fmt.Println(p.Phase)
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// moment is the nth time that an update tells of a phase.
type moment struct {
	phase Phase
	n     int
}

// moments picks moments of an update, spread over each of its phases.
func moments(t *testing.T, source string, perPhase int) []moment {
	t.Helper()
	told := make(map[Phase]int)
	_, err := Update(t.Context(), UpdateOptions{Sources: []string{source}, Path: filepath.Join(t.TempDir(), "osv.db"), Progress: func(p UpdateProgress) { told[p.Phase]++ }})
	if err != nil {
		t.Fatal(err)
	}
	var out []moment
	for _, phase := range []Phase{PhaseDownload, PhaseRead, PhaseWrite} {
		if told[phase] < perPhase {
			t.Fatalf("phase %s is told of %d times only", phase, told[phase])
		}
		for i := range perPhase {
			out = append(out, moment{phase, 1 + i*(told[phase]-1)/(perPhase-1)})
		}
	}
	return out
}

// twoFeeds are feeds of which the second differs from the first in every
// record.
func twoFeeds(t *testing.T, records int) (first, second string) {
	t.Helper()
	first, second = t.TempDir(), t.TempDir()
	for seed, dir := range []string{first, second} {
		if err := (osvgen.Feed{Records: records, Seed: uint64(seed)}).WriteBucket(dir); err != nil {
			t.Fatal(err)
		}
	}
	return first, second
}

// TestUpdateIsCancelled cancels updates at moments of every phase: the old
// index stays, and nothing is left beside it.
func TestUpdateIsCancelled(t *testing.T) {
	first, second := twoFeeds(t, 2500)
	server := osvserver.New(t, second)
	path := update(t, first)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range moments(t, server.URL, 4) {
		ctx, cancel := context.WithCancel(context.Background())
		told := 0
		_, err := Update(ctx, UpdateOptions{Sources: []string{server.URL}, Path: path, Progress: func(p UpdateProgress) {
			switch {
			case p.Phase == m.phase:
				if told++; told == m.n {
					cancel()
				}
			case told > 0 && told < m.n:
				// The phase was over sooner than when it was measured: a
				// download comes in as many pieces as the network makes of it.
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%v: %v", m, err)
		}
		checkUntouched(t, path, before)
	}
	open(t, path)
}

// kills is how many processes TestUpdateIsKilled kills in all.
var kills = flag.Int("kills", 20, "processes to kill in TestUpdateIsKilled")

// TestUpdateIsKilled kills processes with SIGKILL while they update, at moments
// of every phase: the index is always the old one or the new one, and what the
// dead left behind is gone after the next update. The old index is put back
// before each kill. "-args -kills 200" kills more.
func TestUpdateIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	phases := []Phase{PhaseDownload, PhaseRead, PhaseWrite, PhaseSync, PhasePublish}
	ways := []struct {
		name    string
		suffix  string // of the path: a file or a folder
		records int    // of each feed
	}{
		{"a file made anew", "", maxChanges(0)/2 + 100},
		{"a folder, from the index before", string(os.PathSeparator), 1500},
	}
	perPhase := max(2, *kills/len(phases)/len(ways))
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			first, second := twoFeeds(t, way.records)
			server := osvserver.New(t, second)
			template := filepath.Join(t.TempDir(), "osv.db") + way.suffix
			if _, err := Update(t.Context(), UpdateOptions{Sources: []string{first}, Path: template}); err != nil {
				t.Fatal(err)
			}
			before, after := content(t, template), content(t, update(t, second))
			outcome := make(map[Phase]map[string]int)
			path := ""
			for _, m := range killMoments(t, server.URL, template, phases, perPhase) {
				path = copyOf(t, template)
				killed := killAt(t, self, server.URL, path, m)
				if outcome[killed] == nil {
					outcome[killed] = make(map[string]int)
				}
				switch got := content(t, path); got {
				case before:
					outcome[killed]["old"]++
				case after:
					outcome[killed]["new"]++
				default:
					t.Fatalf("killed at %v: the index is of neither feed", m)
				}
			}
			for _, phase := range phases {
				t.Logf("killed in %-8s %2d times: old index %2d, new index %2d", phase,
					outcome[phase]["old"]+outcome[phase]["new"], outcome[phase]["old"], outcome[phase]["new"])
			}
			if _, err := Update(t.Context(), UpdateOptions{Sources: []string{second}, Path: path}); err != nil {
				t.Fatal(err)
			}
			checkNothingBeside(t, filepath.Join(filepath.Dir(path), "x"))
		})
	}
}

// copyOf copies a folder with an index and returns the index's path in it.
func copyOf(t *testing.T, template string) string {
	t.Helper()
	from, to := filepath.Dir(template), t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(to, strings.TrimPrefix(template, from))
}

// killMoments picks moments of an update of a copy of an index, spread over
// each of its phases.
func killMoments(t *testing.T, source, template string, phases []Phase, perPhase int) []moment {
	t.Helper()
	told := make(map[Phase]int)
	_, err := Update(t.Context(), UpdateOptions{Sources: []string{source}, Path: copyOf(t, template), Progress: func(p UpdateProgress) { told[p.Phase]++ }})
	if err != nil {
		t.Fatal(err)
	}
	var out []moment
	for _, phase := range phases {
		if told[phase] == 0 {
			t.Fatalf("phase %s is not told of", phase)
		}
		for i := range perPhase {
			out = append(out, moment{phase, 1 + i*(told[phase]-1)/max(1, perPhase-1)})
		}
	}
	return out
}

func content(t *testing.T, path string) string {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Match(t.Context(), probeComponents()); err != nil {
		t.Fatal(err)
	}
	return db.Stamp().Content
}

// killAt starts an update, kills it at a moment and returns the phase it was
// last heard of in.
func killAt(t *testing.T, self, source, path string, m moment) Phase {
	t.Helper()
	child := exec.Command(self)
	child.Env = append(os.Environ(), childSource+"="+source, childPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last := ""
	for told := 0; told < m.n && lines.Scan(); {
		if last = lines.Text(); last == string(m.phase) {
			told++
		}
	}
	if m.phase == PhaseSync || m.phase == PhasePublish { // told of once, so the moment is one of time
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
	}
	_ = child.Process.Kill()
	for lines.Scan() { // what it told before the signal arrived
		last = lines.Text()
	}
	_ = child.Wait()
	return Phase(last)
}
