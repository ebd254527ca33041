package replay

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rubato/env"
)

// resident returns how many bytes of the mapped file are in this process's
// memory.
func resident(t *testing.T, path string) int {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("no smaps here")
	}
	defer func() { _ = maps.Close() }()
	ours := false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if strings.HasSuffix(lines.Text(), path) {
			ours = true
		}
		if f := strings.Fields(lines.Text()); ours && f[0] == "Rss:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("%s is not mapped", path)
	return 0
}

func TestLongRunningJournalDoesNotFillTheMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	const limit = 64 << 20
	j := open(t, path, Options{MaxBytes: limit})
	value := make([]byte, 900)
	for written := 0; written < 2*limit; {
		for range 1000 {
			j.AppendInput(&env.Input{Value: value})
			written += len(value)
		}
		flush(t, j)
	}
	if first, err := j.First(); err != nil || first == 1 || fileBytes(t, j) < limit/2 {
		t.Fatalf("the journal never turned over: it begins at %d, %v", first, err)
	}
	if got := resident(t, path); got > limit/4 {
		t.Fatalf("%d bytes of the file are resident", got)
	}
	closed(t, j)
}
