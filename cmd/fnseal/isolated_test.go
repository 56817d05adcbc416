package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestVerifyIsolated runs verify where there is no network at all and where
// nothing can be written: in an empty network namespace, with a home that even
// root cannot write to.
func TestVerifyIsolated(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("network namespaces are Linux's")
	}
	if out, err := exec.Command("unshare", "-rn", "true").CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Abs("../../testdata/sigstore")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (stdout, stderr string) {
		t.Helper()
		cmd := exec.Command("unshare", append([]string{"-rn", self, "verify"}, args...)...)
		cmd.Env = []string{"FNSEAL_TEST_MAIN=1", "HOME=/proc", "XDG_CACHE_HOME=/proc/cache", "TMPDIR=/proc", "PATH=" + os.Getenv("PATH")}
		cmd.Dir = "/proc"
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("%q: %v: %s", args, err, &errs)
		}
		return out.String(), errs.String()
	}
	signed := []string{
		filepath.Join(samples, "sigstore-js-2.1.0.tgz"), "--bundle", filepath.Join(samples, "sigstore-js-2.1.0-bundle.json"),
		"--certificate-identity", "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
		"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com",
	}
	if out, errs := run(append(signed, "--offline")...); !strings.Contains(out, "ACCEPTED") || errs != "" {
		t.Errorf("offline: %s%s", out, errs)
	}
	// A root cannot be refreshed either: the program's own is gone by, and
	// that is said.
	if out, errs := run(signed...); !strings.Contains(out, "ACCEPTED") || !strings.Contains(errs, "warning: refreshing the trusted root") {
		t.Errorf("not told to be offline: %s%s", out, errs)
	}
	out, _ := run(append(signed, "--offline", "--exec", "sh", "-c", "cat {} | wc -c")...)
	if strings.TrimSpace(out) != "37137" {
		t.Errorf("--exec: %q", out)
	}
}
