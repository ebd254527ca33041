package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// say is a write function of a text.
func say(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnOutputThatFailsLeavesTheFileAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := writeTo(nil, path, say("first")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	err := writeTo(nil, path, func(w io.Writer) error { return errors.Join(say("sec")(w), full) })
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if got := contents(t, path); got != "first" {
		t.Fatalf("it holds %q", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

func TestAnOutputHasTheModeThatTheUmaskLeavesOrTheOneItHad(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	dir := t.TempDir()
	fresh, kept := filepath.Join(dir, "fresh"), filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{fresh: 0o640, kept: 0o600} {
		if err := writeTo(nil, path, say("x")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Fatalf("%s: %v, %v: want %v", path, info.Mode(), err, want)
		}
	}
}

func TestALinkAndAPipeStayWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	link, dangling, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "pipe")
	real, later := filepath.Join(dir, "real"), filepath.Join(dir, "later")
	if err := errors.Join(os.WriteFile(real, nil, 0o600), os.Symlink(real, link), os.Symlink(later, dangling), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(pipe)
		read <- string(text)
	}()
	for _, path := range []string{link, dangling, pipe} {
		before, _ := os.Lstat(path)
		if err := writeTo(nil, path, say("text")); err != nil {
			t.Fatal(err)
		}
		if after, err := os.Lstat(path); err != nil || after.Mode() != before.Mode() {
			t.Errorf("%s is replaced: %v", path, err)
		}
	}
	if got := contents(t, real) + contents(t, later) + <-read; got != "texttexttext" {
		t.Fatalf("they hold %q", got)
	}
}

func TestOutputsAreCheckedWithoutATraceAndEachIsAFileOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	out, link, later := filepath.Join(dir, "out"), filepath.Join(dir, "link"), filepath.Join(dir, "later")
	if err := errors.Join(os.WriteFile(out, []byte("x"), 0o600), os.Symlink(later, link)); err != nil {
		t.Fatal(err)
	}
	if err := checkOutputs(out, link, filepath.Join(dir, "fresh"), "-", ""); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || contents(t, out) != "x" {
		t.Fatalf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(later, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{{out, filepath.Join(dir, ".", "out")}, {later, link}, {filepath.Join(dir, "new"), dir + "//new"}} {
		if err := checkOutputs(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), pair[1]) {
			t.Errorf("%v: %v", pair, err)
		}
	}
}
