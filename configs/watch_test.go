package configs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// atOnce is a clock for which every wait is over.
func atOnce(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

func watch(t *testing.T, path string, after func(time.Duration) <-chan time.Time) *Watcher {
	t.Helper()
	w, err := newWatcher(path, func() (*Config, error) { return Load(path, known) }, after)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// replace puts a file in place by renaming.
func replace(t *testing.T, path, text string) {
	t.Helper()
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func wantSeed(t *testing.T, w *Watcher, seed uint64) {
	t.Helper()
	r := <-w.Results()
	if r.Err != nil || r.Config.Seed != seed {
		t.Fatalf("want seed %d: %+v", seed, r)
	}
}

func TestReplacedFileIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	replace(t, path, "seed: 1\n")
	w := watch(t, path, atOnce)
	for seed := uint64(2); seed < 6; seed++ {
		replace(t, path, "seed: "+string(rune('0'+seed))+"\n")
		wantSeed(t, w, seed)
	}
}

func TestWrongFileIsReportedAndTheNextOneLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	replace(t, path, "seed: 1\n")
	w := watch(t, path, atOnce)
	replace(t, path, "sead: 2\n")
	var mistakes Mistakes
	if r := <-w.Results(); r.Config != nil || !errors.As(r.Err, &mistakes) || mistakes[0].Key != "sead" {
		t.Fatalf("%+v", r)
	}
	replace(t, path, "seed: 3\n")
	wantSeed(t, w, 3)
}

func TestFileRemovedAndMadeAgainIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	replace(t, path, "seed: 1\n")
	w := watch(t, path, atOnce)
	for seed := uint64(2); seed < 5; seed++ {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		replace(t, path, "seed: "+string(rune('0'+seed))+"\n")
		wantSeed(t, w, seed)
	}
}

func TestSwappedLinkOfAConfigMapIsLoaded(t *testing.T) {
	dir := t.TempDir()
	for _, seed := range []string{"1", "2"} {
		version := filepath.Join(dir, "..version"+seed)
		if err := os.Mkdir(version, 0o750); err != nil {
			t.Fatal(err)
		}
		replace(t, filepath.Join(version, "rubato.yaml"), "seed: "+seed+"\n")
	}
	link := func(from, to string) {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	link("..version1", filepath.Join(dir, "..data"))
	link(filepath.Join("..data", "rubato.yaml"), filepath.Join(dir, "rubato.yaml"))
	w := watch(t, filepath.Join(dir, "rubato.yaml"), atOnce)
	link("..version2", filepath.Join(dir, "..next"))
	if err := os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	wantSeed(t, w, 2)
}

func TestFileBehindALinkIsLoadedWhenEditedInPlace(t *testing.T) {
	dir, elsewhere, further := t.TempDir(), t.TempDir(), t.TempDir()
	link, real, other := filepath.Join(dir, "rubato.yaml"), filepath.Join(elsewhere, "real.yaml"), filepath.Join(further, "other.yaml")
	replace(t, real, "seed: 1\n")
	replace(t, other, "seed: 3\n")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	w := watch(t, link, atOnce)
	file, err := os.OpenFile(real, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString("seed: 2\n")
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	wantSeed(t, w, 2)
	if err := errors.Join(os.Symlink(other, link+".new"), os.Rename(link+".new", link)); err != nil {
		t.Fatal(err)
	}
	wantSeed(t, w, 3)
	replace(t, other, "seed: 4\n")
	wantSeed(t, w, 4)
}

func TestFileIsLoadedOnceItStaysAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	replace(t, path, "seed: 1\n")
	timers := make(chan chan time.Time)
	w := watch(t, path, func(time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		timers <- c
		return c
	})
	half, whole := []byte("seed: 3\n"), []byte("seed: 3\ngroups: []\n")
	if err := os.WriteFile(path, half, 0o600); err != nil {
		t.Fatal(err)
	}
	first := <-timers
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	first <- time.Time{}
	second := <-timers // not loaded: it is another than it was
	replace(t, path+".other", "a file beside it")
	second <- time.Time{}
	wantSeed(t, w, 3)
	go func() {
		for c := range timers {
			c <- time.Time{}
		}
	}()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	close(timers)
	if r, ok := <-w.Results(); ok {
		t.Fatalf("it is loaded twice: %+v", r)
	}
}

func TestClosedWatcherEndsItsResultsEvenWithOneUntaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	replace(t, path, "seed: 1\n")
	looked := make(chan struct{}, 100)
	w := watch(t, path, func(d time.Duration) <-chan time.Time {
		looked <- struct{}{}
		return atOnce(d)
	})
	replace(t, path, "seed: 2\n")
	<-looked
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if r, ok := <-w.Results(); ok {
		t.Fatalf("a result after Close: %+v", r)
	}
}

func TestFolderThatIsMissingCannotBeWatched(t *testing.T) {
	if _, err := NewWatcher(filepath.Join(t.TempDir(), "none", "rubato.yaml"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}
