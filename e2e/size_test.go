//go:build e2e

package e2e

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestBigPackage signs a package of 1 GB in the memory it takes to sign a
// small one, in about the time it takes to hash it.
func TestBigPackage(t *testing.T) {
	s := startSigstore(t)
	dir := t.TempDir()
	private, public := keypair(t, dir, "k")
	writeZip(t, filepath.Join(dir, "small.zip"), 1<<10)
	writeZip(t, filepath.Join(dir, "big.zip"), 1<<30)
	writeFile(t, filepath.Join(dir, "token"), []byte(s.emailToken(t)))

	hashing := time.Now()
	f, err := os.Open(filepath.Join(dir, "big.zip"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(sha256.New(), f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	hashed := time.Since(hashing)

	for _, who := range [][]string{
		{"--key", private},
		{"--identity-token", "token", "--signing-config", s.config, "--trusted-root", s.root},
	} {
		smallTime, small := measure(t, dir, append([]string{"sign", "small.zip", "--force"}, who...)...)
		bigTime, big := measure(t, dir, append([]string{"sign", "big.zip", "--force"}, who...)...)
		t.Logf("%s: 1 kB in %v with %d MB, 1 GB in %v with %d MB; its sha256 alone takes %v", who[0], smallTime, small>>20, bigTime, big>>20, hashed)
		if big > small+(16<<20) {
			t.Errorf("%s: %d MB for 1 GB, %d MB for 1 kB: it is held in memory", who[0], big>>20, small>>20)
		}
		if extra := bigTime - smallTime; extra > 3*hashed {
			t.Errorf("%s: %v more for 1 GB, whose sha256 takes %v: it does more than hash", who[0], extra, hashed)
		}
	}
	run(t, dir, nil, tool(t, "cosign"), "verify-blob", "big.zip", "--bundle", "big.zip.sigstore.json", "--trusted-root", s.root,
		"--certificate-identity", "releaser@example.com", "--certificate-oidc-issuer", s.email.URL, "--insecure-ignore-sct")
	run(t, dir, nil, tool(t, "fnseal"), "sign", "big.zip", "--key", private, "--bundle", "key.json")
	run(t, dir, nil, tool(t, "fnseal"), "verify", "big.zip", "--key", public, "--bundle", "key.json", "--max-entry-bytes", "2GiB", "--max-total-bytes", "2GiB")
}

// writeZip writes a package with one stored entry of size bytes.
func writeZip(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	entry, err := w.CreateHeader(&zip.FileHeader{Name: "model.bin", Method: zip.Store, Modified: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(rand.Uint32())
	}
	for left := size; left > 0; left -= int64(len(block)) {
		if _, err := entry.Write(block[:min(left, int64(len(block)))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// inner runs a program and prints its peak memory in kB. It stands between
// because Linux counts towards a process what its parent had at the fork, and a
// test's own memory would hide what fnseal takes.
const inner = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); " +
	"print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"

// measure runs fnseal and returns how long it took and the most memory it
// had, in bytes.
func measure(t *testing.T, dir string, args ...string) (time.Duration, int64) {
	t.Helper()
	begin := time.Now()
	r := run(t, dir, nil, tool(t, "python-moto"), append([]string{"-c", inner, tool(t, "fnseal")}, args...)...)
	took := time.Since(begin)
	kB, err := strconv.ParseInt(strings.TrimSpace(r.stdout), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return took, kB << 10
}

// TestManyFiles signs 200 files in one call: with one certificate, few
// requests at a time and in spite of a rate limit; and, when the log breaks
// down on the way, again for the rest alone.
func TestManyFiles(t *testing.T) {
	const files = 200
	s := startSigstore(t)
	dir := t.TempDir()
	args := []string{"sign"}
	for i := range files {
		name := fmt.Sprintf("fn-%03d.bin", i)
		writeFile(t, filepath.Join(dir, name), []byte(name))
		args = append(args, name)
	}
	fulcio, rekor, tsa := startProxy(t, s.fulcio), startProxy(t, s.rekor), startProxy(t, s.tsa)
	s.writeConfig(t, filepath.Join(dir, "config.json"), fulcio.url, rekor.url, tsa.url)
	args = append(args, "--signing-config", "config.json", "--trusted-root", s.root, "--identity-token", "token")
	writeFile(t, filepath.Join(dir, "token"), []byte(s.emailToken(t)))

	// Of each service: the most requests at a time, and what it does to them.
	most := func(p *proxy, then func(n int, w http.ResponseWriter, r *http.Request, pass http.Handler) bool) *atomic.Int64 {
		var now, peak atomic.Int64
		p.fault = func(n int, w http.ResponseWriter, r *http.Request, pass http.Handler) bool {
			for high := now.Add(1); ; {
				was := peak.Load()
				if high <= was || peak.CompareAndSwap(was, high) {
					break
				}
			}
			defer now.Add(-1)
			if then == nil || !then(n, w, r, pass) {
				pass.ServeHTTP(w, r)
			}
			return true
		}
		return &peak
	}
	limit := newLimiter(6, time.Second)
	stampPeak := most(tsa, func(_ int, w http.ResponseWriter, _ *http.Request, _ http.Handler) bool { return limit.refuse(w) })
	// The log breaks down after 120 entries.
	logPeak := most(rekor, func(n int, w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		if n > 120 {
			http.Error(w, "broken", http.StatusInternalServerError)
		}
		return n > 120
	})
	begin := time.Now()
	r := exits(t, dir, nil, tool(t, "fnseal"), append(args, "--service-timeout", "20s")...)
	took := time.Since(begin)
	signed, failed := count(t, dir), strings.Count(r.stderr, "500 Internal Server Error")
	t.Logf("%d of %d files signed in %v until the log broke; at most %d requests at a time to the log and %d to the authority, which refused %d for their rate",
		signed, files, took, logPeak.Load(), stampPeak.Load(), limit.refused.Load())
	if r.code != 1 || signed != 120 {
		t.Errorf("exit code %d with %d signed, want 1 with 120\n%.3000s", r.code, signed, r.stderr)
	}
	if failed < files-120 || !strings.Contains(r.stderr, "hint: run the same command again") || !strings.Contains(r.stderr, "120 of 200 signed") {
		t.Errorf("the failures are not listed: %d\n%.3000s", failed, r.stderr)
	}
	if n := fulcio.count(); n != 1 {
		t.Errorf("%d certificates for one identity", n)
	}
	if limit.refused.Load() == 0 {
		t.Error("the rate limit was never reached: the test shows nothing of it")
	}

	// The log is back: the rest is signed, and nothing twice.
	before := rekor.count()
	rekor.mu.Lock()
	rekor.fault = nil
	rekor.mu.Unlock()
	begin = time.Now()
	r = exits(t, dir, nil, tool(t, "fnseal"), args...)
	t.Logf("the rest in %v", time.Since(begin))
	if r.code != 0 || count(t, dir) != files || !strings.Contains(r.stderr, "200 of 200 signed, 120 of them before") {
		t.Errorf("%d bundles\n%.3000s", count(t, dir), r)
	}
	if n := rekor.count() - before; n != files-120 {
		t.Errorf("%d log entries for %d files", n, files-120)
	}
	for _, peak := range []*atomic.Int64{logPeak, stampPeak} {
		if n := peak.Load(); n < 2 || n > 8 {
			t.Errorf("%d requests at a time, want more than one and at most 8", n)
		}
	}
	for _, i := range []int{0, 119, 120, 199} {
		name := fmt.Sprintf("fn-%03d.bin", i)
		run(t, dir, nil, tool(t, "cosign"), "verify-blob", name, "--bundle", name+".sigstore.json", "--trusted-root", s.root,
			"--certificate-identity", "releaser@example.com", "--certificate-oidc-issuer", s.email.URL, "--insecure-ignore-sct")
	}
}

func count(t *testing.T, dir string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.sigstore.json"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// limiter lets n requests through in each period.
type limiter struct {
	n       int64
	period  time.Duration
	slot    atomic.Int64
	used    atomic.Int64
	refused atomic.Int64
}

func newLimiter(n int64, period time.Duration) *limiter { return &limiter{n: n, period: period} }

// refuse answers a request that is over the limit.
func (l *limiter) refuse(w http.ResponseWriter) bool {
	slot := time.Now().UnixNano() / int64(l.period)
	if l.slot.Swap(slot) != slot {
		l.used.Store(0)
	}
	if l.used.Add(1) <= l.n {
		return false
	}
	l.refused.Add(1)
	w.Header().Set("Retry-After", "1")
	http.Error(w, "slow down", http.StatusTooManyRequests)
	return true
}
