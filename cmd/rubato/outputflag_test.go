package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAnOutputFlagStandsAloneOrNamesAFile(t *testing.T) {
	for line, want := range map[string]string{
		"tournament --traces x --json":               "json=-",
		"tournament --json --seeds 2":                "json=-",
		"tournament --json -":                        "json=-",
		"tournament --json FILE":                     "json=FILE",
		"tournament --json=FILE":                     "json=FILE",
		"tournament --csv --html page.html --svg":    "csv=- html=page.html svg=-",
		"tournament --html --adapt":                  "html=-",
		"tournament --rivals pid":                    "",
		"forecast bench --json":                      "json=-",
		"forecast bench --csv rows.csv --json":       "csv=rows.csv json=-",
		"forecast bench --json all.json --traces x":  "json=all.json",
		"tournament --policy json --csv":             "csv=-",
		"tournament --json FILE -- --csv other.file": "json=FILE",
	} {
		root := newRoot()
		cmd, rest, err := root.Find(joinOutputs(root, strings.Fields(line)))
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		var got []string
		for _, name := range []string{"csv", "html", "json", "svg"} {
			if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
				got = append(got, name+"="+f.Value.String())
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", line, got, want)
		}
	}
}

func TestArgumentsOfOtherCommandsStayAsTheyAre(t *testing.T) {
	for _, line := range []string{"status --json", "demo --json --minutes 2", "checkpoints export 1 --out FILE", "no-such-command --json x", "__complete tournament --json x", ""} {
		args := strings.Fields(line)
		if got := joinOutputs(newRoot(), args); !slices.Equal(got, args) {
			t.Errorf("%s became %v", line, got)
		}
	}
}
