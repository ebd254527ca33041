package configs

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Mistakes are all that is wrong with a configuration.
type Mistakes []Mistake

// Mistake is one thing that is wrong, and where.
type Mistake struct {
	// Where is file:line, or the environment variable's name.
	Where string
	// Key is the dotted path.
	Key string
	// What is wrong, and what is allowed.
	What string

	line int // orders the mistakes; the environment's come last
}

func (m Mistake) String() string {
	if m.Key == "" {
		return m.Where + ": " + m.What
	}
	return m.Where + ": " + m.Key + ": " + m.What
}

// Error names every mistake, a line each.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// reader reads nodes of a file into a configuration and collects mistakes.
type reader struct {
	file     string
	mistakes Mistakes
	// lines hold where each key was given.
	lines map[string]int
	// effective is set for what Effective wrote: it was in force, and is read back
	// even where a file with the same would be refused.
	effective bool
	// blank is set where the file has no key.
	blank bool
}

func (r *reader) wrong(line int, key, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{
		Where: fmt.Sprintf("%s:%d", r.file, line), Key: key, What: fmt.Sprintf(format, args...), line: line,
	})
}

// read reads a node into a value, by the type of the value.
func (r *reader) read(n *yaml.Node, key string, into reflect.Value) {
	if n.Kind == yaml.AliasNode {
		there := *n.Alias
		there.Line = n.Line
		n = &there
	}
	r.lines[key] = n.Line
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // a key without a value: the default holds
	}
	if into.Kind() == reflect.Pointer {
		fresh := reflect.New(into.Type().Elem())
		fresh.Elem().Set(initial(into.Type().Elem()))
		r.read(n, key, fresh.Elem())
		into.Set(fresh)
		return
	}
	switch {
	case into.Type() == reflect.TypeFor[Bound]():
		r.scalar(n, key, into)
	case into.Kind() == reflect.Struct:
		r.mapping(n, key, into)
	case into.Kind() == reflect.Slice:
		r.sequence(n, key, into)
	default:
		r.scalar(n, key, into)
	}
}

// initial is a value of which nothing is given yet.
func initial(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[Group]():
		return reflect.ValueOf(blankGroup())
	case reflect.TypeFor[Weights]():
		return reflect.ValueOf(balanced)
	}
	return reflect.Zero(t)
}

func (r *reader) mapping(n *yaml.Node, key string, into reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n.Line, key, "want keys and values: one of %s", strings.Join(fieldNames(into.Type()), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		path := join(key, name.Value)
		field, ok := field(into, name.Value)
		switch {
		case !ok:
			r.unknown(name, key, into.Type())
		case seen[name.Value]:
			r.wrong(name.Line, path, "is given twice")
		default:
			r.read(n.Content[i+1], path, field)
		}
		seen[name.Value] = true
	}
}

func (r *reader) unknown(name *yaml.Node, key string, t reflect.Type) {
	names := fieldNames(t)
	hint := "known are " + strings.Join(names, ", ")
	if near := nearest(name.Value, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	r.wrong(name.Line, join(key, name.Value), "unknown key; %s", hint)
}

func (r *reader) sequence(n *yaml.Node, key string, into reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n.Line, key, "want a list")
		return
	}
	list := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		list.Index(i).Set(initial(into.Type().Elem()))
		r.read(item, fmt.Sprintf("%s[%d]", key, i), list.Index(i))
	}
	into.Set(list)
}

func (r *reader) scalar(n *yaml.Node, key string, into reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		r.wrong(n.Line, key, "want a single value")
		return
	}
	if err := setScalar(into, n.Value); err != nil {
		r.wrong(n.Line, key, "%q: %v", n.Value, err)
	}
}

// setScalar parses text by the type of the value.
func setScalar(into reflect.Value, text string) error {
	var parsed any
	var err error
	switch into.Interface().(type) {
	case time.Duration:
		parsed, err = parseDuration(text)
	case Size:
		parsed, err = parseSize(text)
	case Bound:
		parsed, err = parseBound(text)
	case string:
		parsed = text
	case int:
		parsed, err = parseInt(text)
	case uint64:
		parsed, err = parseUint(text)
	case float64:
		parsed, err = parseFloat(text)
	default:
		return fmt.Errorf("no value of %s can be given", into.Type())
	}
	if err != nil {
		return err
	}
	into.Set(reflect.ValueOf(parsed))
	return nil
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// field finds a struct's field by its YAML name.
func field(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if yamlName(v.Type().Field(i)) == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if n := yamlName(t.Field(i)); n != "-" {
			names = append(names, n)
		}
	}
	return names
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// nearest is the name within two edits of what was written, if there is one.
func nearest(written string, names []string) string {
	best, dist := "", 3
	for _, n := range names {
		if d := edits(strings.ToLower(written), strings.ToLower(n)); d < dist {
			best, dist = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
