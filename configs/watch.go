package configs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the file must stay as it is before it is loaded: a save may be
// several events, and a file that is half written may be valid.
const settle = time.Second

// Result is what a reload came to.
type Result struct {
	Config *Config
	Err    error
}

// Watcher reloads a file when its content changes. It watches the folder, and that
// of the file that links lead to: files are replaced by renaming, and Kubernetes
// swaps links. A folder that is itself removed is not watched any more.
type Watcher struct {
	path    string
	load    func() (*Config, error)
	notify  *fsnotify.Watcher
	results chan Result
	once    sync.Once
	quit    chan struct{}
	done    chan struct{}
	// after makes the timer of settle.
	after func(time.Duration) <-chan time.Time
}

// NewWatcher watches the file at path, which may be missing for a while, and loads
// it by load.
func NewWatcher(path string, load func() (*Config, error)) (*Watcher, error) {
	return newWatcher(path, load, time.After)
}

func newWatcher(path string, load func() (*Config, error), after func(time.Duration) <-chan time.Time) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	if err := notify.Add(filepath.Dir(path)); err != nil {
		_ = notify.Close()
		return nil, fmt.Errorf("watching the folder of %s: %w", path, err)
	}
	w := &Watcher{
		path: path, load: load, notify: notify, after: after,
		results: make(chan Result), quit: make(chan struct{}), done: make(chan struct{}),
	}
	w.follow()
	text, _ := os.ReadFile(path)
	go w.run(text)
	return w, nil
}

// Results delivers each reload. It is closed by Close.
func (w *Watcher) Results() <-chan Result { return w.results }

// Close ends the watcher; closing it again does nothing.
func (w *Watcher) Close() error {
	w.once.Do(func() { close(w.quit) })
	<-w.done
	if err := w.notify.Close(); err != nil {
		return fmt.Errorf("closing the watcher of %s: %w", w.path, err)
	}
	return nil
}

// run loads the file when its content is another than text, and stays so.
func (w *Watcher) run(text []byte) {
	defer close(w.done)
	defer close(w.results)
	var settled <-chan time.Time
	var seen []byte
	for {
		select {
		case <-w.quit:
			return
		case _, ok := <-w.notify.Events:
			if !ok {
				return
			}
		case _, ok := <-w.notify.Errors: // events may have been lost: look
			if !ok {
				return
			}
		case <-settled:
			settled = nil
			now, err := os.ReadFile(w.path)
			if err != nil || bytes.Equal(now, text) {
				continue // gone for a moment, or something else in the folder
			}
			if bytes.Equal(now, seen) {
				text = now
				if !w.deliver() {
					return
				}
				continue
			}
		}
		w.follow()
		if settled == nil { // else the end of the wait shows what became of the file
			seen, _ = os.ReadFile(w.path)
			settled = w.after(settle)
		}
	}
}

// follow watches the folder of the file that links lead to. To watch one again
// does nothing; one that cannot be watched leaves the reload to SIGHUP.
func (w *Watcher) follow() {
	if real, err := filepath.EvalSymlinks(w.path); err == nil {
		_ = w.notify.Add(filepath.Dir(real))
	}
}

// deliver loads the file; false says that the watcher is closed.
func (w *Watcher) deliver() bool {
	cfg, err := w.load()
	select {
	case w.results <- Result{cfg, err}:
		return true
	case <-w.quit:
		return false
	}
}
