package traces

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, and judged the traces' in it.
const (
	root   = "../../.."
	judged = "bench/traces"
)

// source is a Go file of the module: what it imports, embeds and says.
type source struct {
	dir     string
	name    string
	imports []string
	embeds  []string
	text    string
}

// sources parses the imports of every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "javaagent") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		s := source{dir: filepath.ToSlash(filepath.Dir(rel)), name: filepath.ToSlash(rel), text: string(text)}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, strings.TrimPrefix(name, "rubato/"))
		}
		for line := range strings.Lines(s.text) {
			if patterns, ok := strings.CutPrefix(strings.TrimSpace(line), "//go:embed "); ok {
				s.embeds = append(s.embeds, strings.Fields(patterns)...)
			}
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// trains tells whether a file is of what trains, tunes or chooses anything.
func trains(name string) bool {
	for _, judges := range []string{"env/forecast/bench/", "env/sim/traces/"} {
		if strings.HasPrefix(name, judges) {
			return false
		}
	}
	for _, top := range []string{"agent/", "env/", "policy/", "bench/tuning/", "cmd/rubato/pretrain"} {
		if strings.HasPrefix(name, top) {
			return true
		}
	}
	return false
}

func TestWhatTrainsOrTunesCannotReadTraces(t *testing.T) {
	imports := map[string][]string{} // of a folder, tests left out
	all := sources(t)
	for _, s := range all {
		if !strings.HasSuffix(s.name, "_test.go") {
			imports[s.dir] = append(imports[s.dir], s.imports...)
		}
	}
	recorded, err := filepath.Glob(filepath.Join(root, judged, "*.csv"))
	if err != nil || len(recorded) == 0 {
		t.Fatalf("%d traces: %v", len(recorded), err)
	}
	seen := 0
	for _, s := range all {
		if !trains(s.name) {
			continue
		}
		seen++
		for _, trace := range recorded {
			if strings.Contains(s.text, strings.TrimSuffix(filepath.Base(trace), ".csv")) {
				t.Errorf("%s names %s", s.name, trace)
			}
		}
		if strings.Contains(s.text, judged+"/") || strings.Contains(s.text, `"`+judged) || strings.Contains(s.text, "../traces") {
			t.Errorf("%s names the traces", s.name)
		}
		reached := map[string]bool{}
		var follow func(dir string)
		follow = func(dir string) {
			if !reached[dir] {
				reached[dir] = true
				for _, next := range imports[dir] {
					follow(next)
				}
			}
		}
		for _, i := range s.imports {
			follow(i)
		}
		if reached["env/sim/traces"] {
			t.Errorf("%s can read traces", s.name)
		}
	}
	if seen < 150 {
		t.Errorf("only %d files that train were looked at", seen)
	}
}

func TestNoBinaryHoldsTheTraces(t *testing.T) {
	embeds := 0
	for _, s := range sources(t) {
		for _, pattern := range s.embeds {
			embeds++
			pattern = strings.TrimPrefix(strings.Trim(pattern, "\"`"), "all:")
			matches, err := filepath.Glob(filepath.Join(root, s.dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range matches {
				rel, err := filepath.Rel(root, m)
				if err != nil {
					t.Fatal(err)
				}
				m = path.Clean(filepath.ToSlash(rel))
				if m == judged || strings.HasPrefix(m, judged+"/") || strings.HasPrefix(judged, m+"/") {
					t.Errorf("%s embeds %s", s.name, m)
				}
			}
		}
	}
	if embeds == 0 {
		t.Error("no embedded file was found: the test looks in the wrong place")
	}
}

// The traces are there and whole; nothing is asked of what they hold.
func TestCommittedTracesAreRead(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(root, judged, "*.csv"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d traces: %v", len(paths), err)
	}
	for _, p := range paths {
		if tr, err := Read(p); err != nil || tr.Len() < 1200 {
			t.Errorf("%s: %v", p, err)
		}
	}
}
