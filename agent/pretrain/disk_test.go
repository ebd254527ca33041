//go:build unix

package pretrain

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// limitFiles lets no file grow beyond so many bytes, as a disk that is full,
// until lift is called.
func limitFiles(t *testing.T, bytes uint64) (lift func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	lift = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
	now := before
	now.Cur = bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
		t.Fatal(err)
	}
	return lift
}

func TestAStateThatCannotBeWrittenLeavesTheLastOne(t *testing.T) {
	want := trained(t, short(3), filepath.Join(t.TempDir(), "whole"))
	folder := t.TempDir()
	path := filepath.Join(folder, "state")
	ctx, cancel := context.WithCancel(context.Background())
	if _, _, err := Run(ctx, short(3), path, &silent{stop: cancel, rounds: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped after a round: %v", err)
	}
	last, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lift := limitFiles(t, uint64(len(last)/2))
	_, _, err = Run(context.Background(), short(3), path, &silent{})
	lift()
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("written where there is no room: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, last) {
		t.Errorf("the last state is gone: %v", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%d files are left: %v", len(files), err)
	}
	if got := trained(t, short(3), path); !bytes.Equal(got, want) {
		t.Error("it went another way after the disk was full")
	}
}
