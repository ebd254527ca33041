package configs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// Known is what this package cannot know of itself.
type Known struct {
	// Policies that a group may name.
	Policies []string
	// Artefact and Keys tell what is wrong with the content of a frozen policy's
	// file, and with signing keys; nil lets all pass.
	Artefact, Keys func(text []byte) error
}

// envPrefix begins the names of environment variables that override fields.
const envPrefix = "RUBATO_"

// Load reads the file and the environment; an empty path stands for no file.
// What is wrong, with the files that it names too, comes as Mistakes, all at once.
func Load(path string, known Known) (*Config, error) { return read(path, os.Environ(), known) }

// LoadFile is Load without the environment.
func LoadFile(path string, known Known) (*Config, error) { return read(path, nil, known) }

func read(path string, environ []string, known Known) (*Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
	}
	r := &reader{file: path, lines: map[string]int{}}
	c := r.load(text, environ, known)
	if c != nil {
		c.Blank = r.blank
		r.files(c, known)
	}
	return r.result(c)
}

// Environment is Default with what the environment gives, as far as that can be
// read.
func Environment() *Config {
	c := Default()
	r := &reader{lines: map[string]int{}}
	r.merge(c, nil, os.Environ())
	return c
}

// Parse reads what Effective wrote, without the environment, and without a look at
// the files that it names.
func Parse(effective []byte, known Known) (*Config, error) {
	r := &reader{file: "effective configuration", lines: map[string]int{}, effective: true}
	return r.result(r.load(effective, nil, known))
}

func load(file string, text []byte, environ []string, known Known) (*Config, error) {
	r := &reader{file: file, lines: map[string]int{}}
	return r.result(r.load(text, environ, known))
}

// load collects the mistakes of a text; of one that is not YAML there is no
// configuration.
func (r *reader) load(text []byte, environ []string, known Known) *Config {
	c := Default()
	c.Groups = nil
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		r.mistakes = Mistakes{syntax(r.file, text, err)}
		return nil
	}
	r.blank = len(doc.Content) == 0 || len(doc.Content[0].Content) == 0
	if len(doc.Content) > 0 {
		r.read(doc.Content[0], "", reflect.ValueOf(c).Elem())
	}
	if err := more(text); err != nil {
		r.wrong(1, "", "%v", err)
	}
	r.merge(c, text, environ)
	c.addDefaultGroup()
	r.validate(c, known)
	if !r.effective {
		r.agree(c)
	}
	return c
}

// result is the configuration, or all that is wrong with it in the file's order.
func (r *reader) result(c *Config) (*Config, error) {
	if len(r.mistakes) > 0 {
		slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.line, b.line) })
		return nil, r.mistakes
	}
	return c, nil
}

// more refuses a second document: its settings would be ignored.
func more(text []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if d.Decode(&first) == nil && d.Decode(&second) == nil {
		return errors.New("the file holds more than one document")
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// syntax takes the line out of the YAML library's error.
func syntax(file string, text []byte, err error) Mistake {
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	line := "1"
	if m := yamlLine.FindStringSubmatch(what); m != nil {
		line, what = m[1], yamlLine.ReplaceAllString(what, "")
	}
	if tabbed(text, line) {
		what = "a tab indents the line: YAML allows spaces alone"
	}
	return Mistake{Where: file + ":" + line, What: "this is not YAML: " + what}
}

// tabbed tells whether a tab stands before the first word of a line.
func tabbed(text []byte, line string) bool {
	n, err := strconv.Atoi(line)
	lines := bytes.Split(text, []byte("\n"))
	if err != nil || n > len(lines) {
		return false
	}
	words := bytes.TrimLeft(lines[n-1], " \t")
	return bytes.ContainsRune(lines[n-1][:len(lines[n-1])-len(words)], '\t')
}

// merge lets viper lay the environment over the file over the defaults, for
// every field outside the groups, and reads back what the environment gave:
// viper would turn what the file gave (012) into another value (10).
func (r *reader) merge(c *Config, text []byte, environ []string) {
	v := viper.NewWithOptions(viper.KeyDelimiter("::"))
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(text)); err != nil && len(r.mistakes) == 0 {
		r.wrong(1, "", "%v", err)
		return
	}
	given := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, envPrefix) {
			given[name] = value
		}
	}
	c.takeSecrets(given)
	var names []string
	eachField(reflect.ValueOf(c).Elem(), nil, func(path []string, into reflect.Value) {
		key := strings.Join(path, "::")
		v.SetDefault(key, into.Interface())
		name := variable(strings.Join(path, "."))
		names = append(names, name)
		value, ok := given[name]
		delete(given, name)
		if !ok || value == "" {
			return
		}
		v.Set(key, value)
		if err := setMerged(into, v.GetString(key)); err != nil {
			r.mistakes = append(r.mistakes, Mistake{
				Where: "environment", Key: name, What: fmt.Sprintf("%q: %v", value, err), line: environmentLine,
			})
			return
		}
		r.overridden(strings.Join(path, "."))
	})
	for _, name := range sortedKeys(given) {
		warning := fmt.Sprintf("environment: %s sets nothing that is known", name)
		if near := nearest(name, names); near != "" {
			warning += fmt.Sprintf("; did you mean %s?", near)
		}
		c.Warnings = append(c.Warnings, warning)
	}
}

// overridden notes that the environment gave a key: what the file gave below it is
// gone.
func (r *reader) overridden(key string) {
	maps.DeleteFunc(r.lines, func(k string, _ int) bool { return strings.HasPrefix(k, key+"[") })
	r.lines[key] = environmentLine
}

// The environment variables of secrets, which have no field.
const (
	passwordVariable = envPrefix + "KAFKA_SASL_PASSWORD"
	keysVariable     = envPrefix + "KAFKA_KEYS"
)

// takeSecrets takes them out of the environment.
func (c *Config) takeSecrets(given map[string]string) {
	c.Secrets = Secrets{SASLPassword: Secret(given[passwordVariable]), Keys: Secret(given[keysVariable])}
	delete(given, passwordVariable)
	delete(given, keysVariable)
}

// variable is the environment variable of a key outside the groups.
func variable(key string) string {
	if i := strings.IndexByte(key, '['); i >= 0 {
		key = key[:i]
	}
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func setMerged(into reflect.Value, text string) error {
	if into.Kind() != reflect.Slice {
		return setScalar(into, text)
	}
	list := []string{}
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	into.Set(reflect.ValueOf(list))
	return nil
}

// eachField visits every field outside the groups.
func eachField(v reflect.Value, path []string, visit func([]string, reflect.Value)) {
	for i := range v.NumField() {
		name := yamlName(v.Type().Field(i))
		if name == "-" || name == "groups" {
			continue
		}
		at := append(slices.Clone(path), name)
		if v.Field(i).Kind() == reflect.Struct {
			eachField(v.Field(i), at, visit)
			continue
		}
		visit(at, v.Field(i))
	}
}

// addDefaultGroup ends the list with a group that matches everything, unless
// its last one does.
func (c *Config) addDefaultGroup() {
	if n := len(c.Groups); n == 0 || !slices.Contains(c.Groups[n-1].Match, "*") {
		c.Groups = append(c.Groups, defaultGroup())
	}
}

// blankGroup is what a group of the file starts from.
func blankGroup() Group {
	g := defaultGroup()
	g.Name, g.Match, g.Profile = "", nil, ""
	return g
}

func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New("want a whole number")
	}
	return n, nil
}

func parseUint(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errors.New("want a whole number, 0 or more")
	}
	return n, nil
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, errors.New("want a number")
	}
	return f, nil
}
