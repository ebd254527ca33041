package tournament

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pageCell is one cell's table in the page.
type pageCell struct {
	Name string
	Rows []Row
}

// pageGroup is a group's line in the page.
type pageGroup struct {
	Name string
	*Summary
}

// lines are the groups that have figures, named after the prefix.
func (s Summaries) lines(prefix string) []pageGroup {
	var all []pageGroup
	for _, g := range Groups() {
		if x := s[g]; x != nil {
			all = append(all, pageGroup{prefix + string(g), x})
		}
	}
	return all
}

// WriteHTML writes one self-contained page: goals, groups, over all traces and
// of each, picture, rules and every cell.
func (r *Result) WriteHTML(out io.Writer) error {
	type rule struct {
		Name   string
		Ratios []Figure
		All    Figure
	}
	data := struct {
		*Result
		Picture    template.HTML
		GroupNames []string
		GroupRows  []pageGroup
		TraceRows  []pageGroup
		RuleRows   []rule
		Cells      []pageCell
	}{
		Result: r, Picture: template.HTML(r.picture()), // our own text
		GroupNames: groupNames(), GroupRows: r.Summary.lines(""), Cells: r.cells(),
	}
	for _, trace := range slices.Sorted(maps.Keys(r.ByTrace)) {
		data.TraceRows = append(data.TraceRows, r.ByTrace[trace].lines(trace+" / ")...)
	}
	for _, x := range r.Rules {
		row := rule{Name: x.Rival, All: x.All}
		for _, g := range Groups() {
			row.Ratios = append(row.Ratios, x.in(g))
		}
		data.RuleRows = append(data.RuleRows, row)
	}
	if err := page.Execute(out, data); err != nil {
		return fmt.Errorf("write the tournament's page: %w", err)
	}
	return nil
}

// Interval is the measured figure's 95 % interval as text.
func (g Goal) Interval() string { return g.interval() }

// cells groups the rows, which come cell by cell.
func (r *Result) cells() []pageCell {
	var cells []pageCell
	for _, row := range r.Rows {
		name := row.Trace + " / " + row.Query + " / " + row.Weights
		if n := len(cells); n == 0 || cells[n-1].Name != name {
			cells = append(cells, pageCell{Name: name})
		}
		c := &cells[len(cells)-1]
		c.Rows = append(c.Rows, row)
	}
	return cells
}
