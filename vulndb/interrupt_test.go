package vulndb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// twoFeeds are feeds of 2,500 records, of which the second differs from the
// first.
func twoFeeds(t *testing.T) (first, second string) {
	t.Helper()
	first, second = t.TempDir(), t.TempDir()
	for seed, dir := range []string{first, second} {
		if err := (osvgen.Feed{Records: 2500, Seed: uint64(seed)}).WriteBucket(dir); err != nil {
			t.Fatal(err)
		}
	}
	return first, second
}

// TestUpdateIsCancelled cancels updates at moments of every phase: the old
// index stays, and nothing is left beside it.
func TestUpdateIsCancelled(t *testing.T) {
	first, second := twoFeeds(t)
	server := osvserver.New(t, second)
	path := update(t, first)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range moments(t, server.URL, 6) {
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

// TestUpdateIsKilled kills processes while they update, at moments of every
// phase: the index is always the old one or the new one, and what the dead
// left behind is gone after the next update.
func TestUpdateIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	first, second := twoFeeds(t)
	server := osvserver.New(t, second)
	for name, suffix := range map[string]string{"file": "", "folder": string(os.PathSeparator)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "osv.db") + suffix
			if _, err := Update(t.Context(), UpdateOptions{Sources: []string{first}, Path: path}); err != nil {
				t.Fatal(err)
			}
			oldContent := content(t, path)
			newContent := content(t, update(t, second))

			became := 0
			for _, m := range moments(t, server.URL, 6) {
				killAt(t, self, server.URL, path, m)
				switch got := content(t, path); got {
				case oldContent:
				case newContent:
					oldContent = newContent // from here on there is no way back
					became++
				default:
					t.Fatalf("killed at %v: the index is of neither feed", m)
				}
			}
			t.Logf("the new index came into force %d times", became)
			if _, err := Update(t.Context(), UpdateOptions{Sources: []string{second}, Path: path}); err != nil {
				t.Fatal(err)
			}
			files, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if strings.HasSuffix(f.Name(), ".tmp") {
					t.Errorf("%s is still there", f.Name())
				}
			}
		})
	}
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

// killAt starts an update and kills it at a moment.
func killAt(t *testing.T, self, source, path string, m moment) {
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
	for told := 0; told < m.n && lines.Scan(); {
		if lines.Text() == string(m.phase) {
			told++
		}
	}
	_ = child.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait()
}
