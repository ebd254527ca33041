package configs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

var known = Known{Policies: []string{"learned", "waiting-cost", "fixed"}}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parse(t *testing.T, text string, environ ...string) *Config {
	t.Helper()
	c, err := load("rubato.yaml", []byte(text), environ, known)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEachWrongFileIsNamedByLineKeyAndWhatIsAllowed(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = load(filepath.Base(file), text, nil, known)
			var mistakes Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			got := mistakes.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Fatalf("%v\ngot\n%swant\n%s", err, got, want)
			}
		})
	}
}

func TestEmptyFileAndExampleFileAreTheDefaults(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "comments": "# nothing\n", "empty sections": "kafka:\nstore:\ngroups:\n", "example": string(File),
	} {
		if got := parse(t, text); !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// keysOf are all field names below a type, without their sections.
func keysOf(t reflect.Type) (names []string) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[Bound]() {
		return nil
	}
	for i := range t.NumField() {
		if name := yamlName(t.Field(i)); name != "-" {
			names = append(append(names, name), keysOf(t.Field(i).Type)...)
		}
	}
	return names
}

func TestEveryFieldStandsInTheExampleFile(t *testing.T) {
	for _, name := range keysOf(reflect.TypeFor[Config]()) {
		if !regexp.MustCompile(`(?m)^[ #-]*(bounds: \{|bounds: \{min: 0\.1x, )?` + name + `:`).Match(File) {
			t.Errorf("%s is not in rubato.yaml", name)
		}
	}
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	c := parse(t, "kafka: {prefix: file, brokers: [a:1]}\nlog: {level: debug}\n",
		"RUBATO_KAFKA_BROKERS=b:1, c:2", "RUBATO_KAFKA_PREFIX=environment", "RUBATO_LOG_LEVEL=", "RUBATO_SEED=18446744073709551615",
		"RUBATO_STORE_JOURNAL_MAX=64MiB", "RUBATO_DECISION_PERIOD=1s", "PATH=/bin")
	if !slices.Equal(c.Kafka.Brokers, []string{"b:1", "c:2"}) || c.Kafka.Prefix != "environment" || c.Log.Level != "debug" ||
		c.Seed != 1<<64-1 || c.Store.JournalMax != 64<<20 || c.Decision.Period != time.Second || len(c.Warnings) != 0 {
		t.Fatalf("%+v", c)
	}
}

func TestWrongEnvironmentIsNamedByVariableBesideTheFilesMistakes(t *testing.T) {
	_, err := load("rubato.yaml", []byte("seed: x\n"), []string{
		"RUBATO_DECISION_PERIOD=200", "RUBATO_LOG_LEVEL=loud", "RUBATO_KAFKA_BROKERS=a:1,b"}, known)
	want := `rubato.yaml:1: seed: "x": want a whole number, 0 or more
environment: RUBATO_DECISION_PERIOD: "200": the unit is missing: write 200ms, 10s or 1m
environment: RUBATO_KAFKA_BROKERS: "b": want host:port
environment: RUBATO_LOG_LEVEL: "loud": want one of trace, debug, info, warn, error`
	if err == nil || err.Error() != want {
		t.Fatalf("got\n%v\nwant\n%s", err, want)
	}
}

func TestMistakeThatTheEnvironmentMakesOfASoundFileNamesTheVariable(t *testing.T) {
	file := "kafka: {brokers: [a:1]}\nstore: {journal: one.db}\n"
	for variable, want := range map[string]string{
		"RUBATO_KAFKA_BROKERS=b":            `environment: RUBATO_KAFKA_BROKERS: "b": want host:port`,
		"RUBATO_KAFKA_SASL_USER=tuner":      "environment: RUBATO_KAFKA_SASL_USER: is not used by PLAINTEXT: want kafka.protocol SASL_SSL or SASL_PLAINTEXT",
		"RUBATO_KAFKA_TLS_CERT=cert.pem":    "environment: RUBATO_KAFKA_TLS_CERT: is not used by PLAINTEXT: want kafka.protocol SSL or SASL_SSL",
		"RUBATO_STORE_CHECKPOINTS=./one.db": "rubato.yaml:2: store.journal: is the same file as store.checkpoints (RUBATO_STORE_CHECKPOINTS): want two",
		"RUBATO_KAFKA_PROTOCOL=SASL_SSL":    "rubato.yaml:1: kafka.sasl.user: is missing: SASL_SSL (RUBATO_KAFKA_PROTOCOL) logs in",
	} {
		_, err := load("rubato.yaml", []byte(file), []string{variable, "RUBATO_KAFKA_SASL_PASSWORD=x"}, known)
		if err == nil || strings.Split(err.Error(), "\n")[0] != want {
			t.Errorf("%s: got\n%v\nwant\n%s", variable, err, want)
		}
	}
}

func TestEveryFileThatIsNamedHasToBeThereAndSound(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	known := known
	known.Artefact = func([]byte) error { return errors.New("no policy") }
	known.Keys = func([]byte) error { return errors.New("no keys") }
	text := fmt.Sprintf(`kafka:
  brokers: [k:1]
  protocol: SASL_SSL
  tls: {ca: %s, cert: nowhere.pem, key: %s}
  sasl: {user: tuner, password_file: %s}
  keys_file: %s
groups: [{name: all, match: ["*"], mode: serve, artefact: %s}]
`, at("ca.pem", "x"), dir, at("password", "\n"), at("keys", ""), at("policy", ""))
	path := at("rubato.yaml", text)
	_, err := LoadFile(path, known)
	var mistakes Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 6 {
		t.Fatal(err)
	}
	for i, want := range []string{
		":4: kafka.tls.ca: .*holds no PEM certificate", `:4: kafka.tls.cert: "nowhere.pem" cannot be read: no such file.*from the folder /`,
		":4: kafka.tls.key: .*cannot be read: is a directory", ":5: kafka.sasl.password_file: .*holds no password",
		":6: kafka.keys_file: .*no keys", `:7: groups\[0\].artefact: .*no policy`,
	} {
		if !regexp.MustCompile("^" + path + want).MatchString(mistakes[i].String()) {
			t.Errorf("got %s, want %s", mistakes[i], want)
		}
	}
	if _, err := load(path, []byte(text), nil, known); err != nil {
		t.Errorf("what was in force once is not to be looked for again: %v", err)
	}
}

func TestKeysOfTheEnvironmentAreCheckedAndTheFileAloneHasNone(t *testing.T) {
	t.Setenv("RUBATO_KAFKA_KEYS", "quite-secret")
	t.Setenv("RUBATO_SEED", "7")
	path := filepath.Join(t.TempDir(), "rubato.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	known := known
	known.Keys = func([]byte) error { return errors.New("line 1: no key") }
	if _, err := Load(path, known); err == nil || err.Error() != "environment: RUBATO_KAFKA_KEYS: line 1: no key" {
		t.Fatal(err)
	}
	if c, err := LoadFile(path, known); err != nil || c.Seed != 1 || c.Secrets != (Secrets{}) {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestUnknownVariableIsAWarning(t *testing.T) {
	c := parse(t, "", "RUBATO_KAFKA_BROKER=a:1", "RUBATO_XYZ=1")
	want := []string{"environment: RUBATO_KAFKA_BROKER sets nothing that is known; did you mean RUBATO_KAFKA_BROKERS?",
		"environment: RUBATO_XYZ sets nothing that is known"}
	if !slices.Equal(c.Warnings, want) {
		t.Fatalf("%q", c.Warnings)
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), known); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestFirstMatchingGroupWinsAndTheRestIsObserved(t *testing.T) {
	c := parse(t, `
groups:
  - {name: night, match: ["orders/night*", "?ills/*"], mode: learn}
  - {name: orders, match: ["orders/*"], mode: learn}
`)
	for key, want := range map[string]string{
		"orders/nightly": "night", "bills/a": "night", "orders/day": "orders", "ills/a": "default", "other/query": "default", "": "default",
	} {
		if got := c.Groups[c.Match(key)]; got.Name != want {
			t.Errorf("%q is in %s, want %s", key, got.Name, want)
		}
	}
	if last := c.Groups[len(c.Groups)-1]; last.Mode != "observe" {
		t.Errorf("queries of no group are in mode %s", last.Mode)
	}
}

func TestGroupForAllIsNotFollowedByAnother(t *testing.T) {
	if c := parse(t, `groups: [{name: all, match: ["*"], mode: learn}]`); len(c.Groups) != 1 {
		t.Fatalf("%+v", c.Groups)
	}
}

func TestGlobIsTheRegularExpressionItStandsFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		expr := "^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$"
		if got, want := glob(pattern, text), regexp.MustCompile(expr).MatchString(text); got != want {
			t.Fatalf("glob(%q, %q) is %t", pattern, text, got)
		}
	})
	if glob(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 5000)) {
		t.Fatal("matched")
	}
}

func TestSettingsAreResolvedFromTheConfiguredInterval(t *testing.T) {
	c := parse(t, `
groups:
  - {name: a, match: [a], target: 2s, full_batch: 1000, sources: {brokers: ["k:1"], max_offsets_per_trigger: 500}}
  - {name: b, match: [b], profile: thrifty, bounds: {min: 200ms, max: 10s}}
  - {name: c, match: [c], weights: {latency: 2, switch: 0.5}, bounds: {min: 3s, max: 1x}}
`)
	a, b, d := c.Groups[0].Resolve(2*time.Second), c.Groups[1].Resolve(time.Hour), c.Groups[2].Resolve(time.Second)
	if a.Min != 200*time.Millisecond || a.Max != 10*time.Second || a.Weights != (Weights{Latency: 1, Empty: 0.3, Batch: 0.3, Miss: 1}) ||
		a.Target != 2*time.Second || a.Grace != 10*time.Second || a.FullBatch != 1000 || a.MaxOffsets != 500 || !slices.Equal(a.Brokers, []string{"k:1"}) {
		t.Errorf("%+v", a)
	}
	if b.FullBatch != 0 || b.Min != 200*time.Millisecond || b.Max != 10*time.Second || b.Weights != (Weights{Latency: 1, Empty: 3, Batch: 3, Miss: 1}) {
		t.Errorf("%+v", b)
	}
	if d.Min != 3*time.Second || d.Max != time.Second || d.Weights != (Weights{Latency: 2, Empty: 0.3, Batch: 0.3, Miss: 1, Switch: 0.5}) {
		t.Errorf("%+v", d)
	}
}

func TestEffectiveConfigurationIsCanonicalAndReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.Seed = rapid.Uint64().Draw(t, "seed")
		c.Kafka.Brokers = rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,5}:[0-9]{1,4}`), 0, 3).Draw(t, "brokers")
		c.Kafka.Prefix = rapid.StringMatching(`[a-zA-Z0-9._-]{1,20}`).Draw(t, "prefix")
		c.Kafka.Data = rapid.StringN(1, 20, -1).Filter(printable).Draw(t, "data")
		c.Store.JournalMax = Size(rapid.Int64Range(8<<20, 1<<40).Draw(t, "journal"))
		c.Decision.Lease = time.Duration(rapid.Int64Range(1e9, 36e11).Draw(t, "lease"))
		g := defaultGroup()
		g.Name, g.Match = "group", []string{rapid.StringN(1, 20, -1).Filter(printable).Draw(t, "match") + "/x"}
		g.Profile, g.Weights = "", &Weights{Latency: rapid.Float64Range(1e-9, 1e6).Draw(t, "weight")}
		g.Bounds.Min = Bound{Times: rapid.Float64Range(1e-9, 5).Draw(t, "min")}
		c.Groups = append([]Group{g}, c.Groups...)
		first, err := c.Effective()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(first, known)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		second, err := back.Effective()
		if err != nil || !bytes.Equal(first, second) || !reflect.DeepEqual(back, c) || back.Hash() != c.Hash() {
			t.Fatalf("%v\n%s\nbecame\n%s", err, first, second)
		}
	})
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd })
}

func TestOnlyFieldsOfAStartNeedARestart(t *testing.T) {
	old := Default()
	next := parse(t, "groups: [{name: a, match: [a], mode: learn}]\n")
	if fields := RestartNeeded(old, next); len(fields) != 0 {
		t.Fatalf("%v", fields)
	}
	next = parse(t, "kafka: {brokers: [a:1], prefix: p}\nhttp: {listen: \"127.0.0.1:1\"}\nstore: {journal: j}\nseed: 2\n")
	if fields := RestartNeeded(old, next); !slices.Equal(fields, []string{"kafka.brokers", "kafka.prefix", "http.listen", "store.journal", "seed"}) {
		t.Fatalf("%v", fields)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(File, "")
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "RUBATO_SEED=1")
	}
	f.Fuzz(func(t *testing.T, text []byte, variable string) {
		c, err := load("fuzz.yaml", text, []string{variable}, known)
		var mistakes Mistakes
		if err != nil && !errors.As(err, &mistakes) {
			t.Fatalf("not a list of mistakes: %v", err)
		}
		if err != nil {
			return
		}
		effective, err := c.Effective()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(effective, known)
		if err != nil {
			t.Fatalf("the effective configuration is refused: %v\n%s", err, effective)
		}
		if again, err := back.Effective(); err != nil || !bytes.Equal(effective, again) {
			t.Fatalf("%v\n%s\nbecame\n%s", err, effective, again)
		}
		c.Match("app/query")
	})
}
