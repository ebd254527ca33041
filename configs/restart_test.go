package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestTheFileMarksTheFieldsThatNeedARestartAndNoOthers(t *testing.T) {
	var file yaml.Node
	if err := yaml.Unmarshal(File, &file); err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{}
	marks(file.Content[0], "", false, marked)
	next := Default()
	leaves := map[string]reflect.Value{}
	leavesOf(reflect.ValueOf(next).Elem(), "", leaves)
	if len(leaves) < 20 || len(leaves) != len(marked) {
		t.Fatalf("the file has %d fields outside the groups, Config %d", len(marked), len(leaves))
	}
	for key, leaf := range leaves {
		before := reflect.ValueOf(leaf.Interface())
		change(t, key, leaf)
		got := RestartNeeded(Default(), next)
		leaf.Set(before)
		if want := marked[key]; want != slices.Equal(got, []string{key}) || !want && len(got) > 0 {
			t.Errorf("%s is marked: %v; when it changes, a restart is needed for %v", key, want, got)
		}
	}
}

// marks notes which fields below n say (restart) in the nearest comment above
// them. The groups are left out.
func marks(n *yaml.Node, key string, restart bool, into map[string]bool) {
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if name.HeadComment != "" {
			restart = strings.Contains(name.HeadComment, "(restart)")
		}
		switch below := join(key, name.Value); {
		case below == "groups":
		case value.Kind == yaml.MappingNode:
			marks(value, below, restart, into)
		default:
			into[below] = restart
		}
	}
}

// leavesOf finds the fields of c by their keys. The groups, and what is not in
// the file, are left out.
func leavesOf(c reflect.Value, key string, into map[string]reflect.Value) {
	for i := range c.NumField() {
		name := c.Type().Field(i).Tag.Get("yaml")
		switch below := join(key, name); {
		case name == "-" || below == "groups":
		case c.Field(i).Kind() == reflect.Struct:
			leavesOf(c.Field(i), below, into)
		default:
			into[below] = c.Field(i)
		}
	}
}

func change(t *testing.T, key string, leaf reflect.Value) {
	t.Helper()
	switch v := leaf.Addr().Interface().(type) {
	case *string:
		*v += "x"
	case *[]string:
		*v = append(slices.Clone(*v), "x:1")
	case *int:
		*v++
	case *uint64:
		*v++
	case *Size:
		*v++
	case *time.Duration:
		*v++
	default:
		t.Fatalf("%s: no way to change a %T", key, leaf.Interface())
	}
}
