package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSealInterrupted stops seal at many moments, by a signal it can handle
// and by one it cannot, and looks at what is left: either no bundle file or a
// complete one, and after an orderly interruption no temporary file.
func TestSealInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	node, err := filepath.Abs("../../testdata/packages/node.zip")
	if err != nil {
		t.Fatal(err)
	}
	keys := t.TempDir()
	fnseal := func(dir string, args ...string) *exec.Cmd {
		cmd := exec.Command(exe, args...)
		cmd.Args[0] = "fnseal"
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "FNSEAL_PASSWORD=x", "FNSEAL_TEST_MAIN=1")
		return cmd
	}
	if out, err := fnseal(keys, "keygen", "--out", "k").CombinedOutput(); err != nil {
		t.Fatalf("keygen: %v\n%s", err, out)
	}
	seal := []string{"seal", node, "--key", filepath.Join(keys, "k.key"), "--no-scan",
		"--bundle", "out.jsonl", "-o", "cyclonedx-json=out.cdx.json"}

	whole := time.Duration(0)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		stopped := 0
		for i := range 25 {
			dir := t.TempDir()
			cmd := fnseal(dir, seal...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			begin := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if whole > 0 { // the first run is left to end and measures how long that takes
				time.Sleep(whole * time.Duration(i) / 20)
				if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			err := cmd.Wait()
			if whole == 0 {
				whole = time.Since(begin)
			}
			if err != nil {
				stopped++
			}
			checkLeft(t, dir, signal, err, stderr.String())
		}
		t.Logf("%v stopped %d of 25 runs of about %v", signal, stopped, whole)
	}
}

func checkLeft(t *testing.T, dir string, signal syscall.Signal, err error, stderr string) {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() && exit.ExitCode() != exitInterrupted {
		t.Errorf("ended with exit code %d: %s", exit.ExitCode(), stderr)
	}
	entries, rerr := os.ReadDir(dir)
	if rerr != nil {
		t.Fatal(rerr)
	}
	for _, e := range entries {
		data, rerr := os.ReadFile(filepath.Join(dir, e.Name()))
		if rerr != nil {
			t.Fatal(rerr)
		}
		switch {
		case e.Name() == "out.jsonl":
			lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
			if len(lines) != 2 {
				t.Errorf("the bundle file has %d lines, want 2", len(lines))
			}
			for _, l := range lines {
				if !json.Valid(l) {
					t.Errorf("half a bundle: %.80s", l)
				}
			}
		case e.Name() == "out.cdx.json":
			if !json.Valid(data) {
				t.Errorf("half a document")
			}
		case signal == syscall.SIGINT && exit != nil && exit.Exited() && strings.HasSuffix(e.Name(), ".tmp"):
			t.Errorf("left %s behind", e.Name())
		}
	}
}
