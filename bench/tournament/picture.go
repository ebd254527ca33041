package tournament

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"rubato/bench/plane"
	"rubato/policy/rules"
)

// The picture's size and its margins, in SVG units.
const (
	pictureWidth, pictureHeight = 880, 560
	marginLeft, marginRight     = 70, 20
	marginTop, marginBottom     = 46, 56
	labelWidth, labelHeight     = 6.1, 13
	pictureWeighting            = "balanced"
)

// point is a rival's place in the picture: geometric means over the cells.
type point struct {
	rival, weights    string
	triggers, latency float64
}

// WritePicture writes an SVG of mean event latency against triggers, log axes,
// over the sighted cells (all cells, where there are none): each rule where it
// stands under the balanced weighting, the policy and the waiting-cost rule
// under each weighting, and the Pareto front of the fixed grid as a line.
func (r *Result) WritePicture(out io.Writer) error {
	if _, err := io.WriteString(out, r.picture()); err != nil {
		return fmt.Errorf("write the tournament's picture: %w", err)
	}
	return nil
}

func (r *Result) picture() string {
	points := r.points()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Mean event latency against triggers">`,
		pictureWidth, pictureHeight)
	b.WriteString(pictureStyle)
	fmt.Fprintf(&b, `<rect class="paper" width="%d" height="%d"/>`, pictureWidth, pictureHeight)
	if len(points) == 0 {
		fmt.Fprintf(&b, `<text x="%d" y="%d">nothing was played</text></svg>`, marginLeft, marginTop)
		return b.String()
	}
	a := newAxes(points)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="26">Mean event latency against triggers, geometric means over the cells</text>`, marginLeft)
	a.Grid(&b)
	a.front(&b, points)
	for _, name := range []string{WaitingRule, PolicyName} {
		a.line(&b, points, name)
	}
	a.dots(&b, points)
	b.WriteString("</svg>\n")
	return b.String()
}

// points are the geometric means by rival and weighting.
func (r *Result) points() []point {
	group := Sighted
	if r.Summary[Sighted] == nil {
		group = ""
	}
	type sums struct {
		point
		n float64
	}
	var all []*sums
	at := map[[2]string]*sums{}
	for i := range r.Rows {
		x := &r.Rows[i]
		if group != "" && x.Group != group || !(x.TriggersPerS > 0) || !(x.MeanLatencyS > 0) || x.Rival == BestFixed {
			continue
		}
		key := [2]string{x.Rival, x.Weights}
		if fixed(x.Rival) {
			key[1] = ""
		}
		s := at[key]
		if s == nil {
			s = &sums{point: point{rival: key[0], weights: key[1]}}
			at[key] = s
			all = append(all, s)
		}
		s.triggers += math.Log(float64(x.TriggersPerS))
		s.latency += math.Log(float64(x.MeanLatencyS))
		s.n++
	}
	var points []point
	several := slices.ContainsFunc(all, func(s *sums) bool { return s.weights == pictureWeighting })
	for _, s := range all {
		switch {
		case s.weights == "", s.rival == PolicyName, s.rival == WaitingRule, !several, s.weights == pictureWeighting:
			s.triggers, s.latency = math.Exp(s.triggers/s.n), math.Exp(s.latency/s.n)
			points = append(points, s.point)
		}
	}
	return points
}

// axes are the plane, and what of it is taken.
type axes struct {
	*plane.Plane
	taken []box
}

type box struct{ x0, y0, x1, y1 float64 }

func newAxes(points []point) *axes {
	a := &axes{Plane: plane.New(pictureWidth, pictureHeight, plane.Margins{Left: marginLeft, Right: marginRight, Top: marginTop, Bottom: marginBottom})}
	for _, p := range points {
		a.Hold(p.triggers, p.latency)
	}
	a.Widen(0.08)
	return a
}

// front draws the Pareto front of the fixed grid.
func (a *axes) front(b *strings.Builder, points []point) {
	var grid []point
	for _, p := range points {
		if fixed(p.rival) {
			grid = append(grid, p)
		}
	}
	slices.SortFunc(grid, func(p, q point) int { return cmp.Compare(p.triggers, q.triggers) })
	var path []string
	least := math.Inf(1)
	for _, p := range grid {
		if p.latency < least {
			least = p.latency
			x, y := a.Place(p.triggers, p.latency)
			path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
		}
	}
	fmt.Fprintf(b, `<polyline class="front" points="%s"/>`, strings.Join(path, " "))
}

// line joins a rival's points over the weightings.
func (a *axes) line(b *strings.Builder, points []point, rival string) {
	var own []point
	for _, p := range points {
		if p.rival == rival {
			own = append(own, p)
		}
	}
	slices.SortFunc(own, func(p, q point) int { return cmp.Compare(p.triggers, q.triggers) })
	var path []string
	for _, p := range own {
		x, y := a.Place(p.triggers, p.latency)
		path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	fmt.Fprintf(b, `<polyline class="%s-line" points="%s"/>`, class(rival), strings.Join(path, " "))
}

// dots draws the points, and labels where there is room: the policy first, the
// grid, the rules that act outright.
func (a *axes) dots(b *strings.Builder, points []point) {
	order := slices.Clone(points)
	slices.SortStableFunc(order, func(p, q point) int { return rank(p.rival) - rank(q.rival) })
	for _, p := range order {
		x, y := a.Place(p.triggers, p.latency)
		a.taken = append(a.taken, box{x - 4, y - 4, x + 4, y + 4})
	}
	for i := len(order) - 1; i >= 0; i-- {
		p := order[i]
		x, y := a.Place(p.triggers, p.latency)
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%d"><title>%s: %.3g triggers/s, %.3g s</title></circle>`,
			class(p.rival), x, y, radius(p.rival), p.label(), p.triggers, p.latency)
	}
	for _, p := range order {
		if rank(p.rival) < 4 {
			a.label(b, p)
		}
	}
}

func (a *axes) label(b *strings.Builder, p point) {
	x, y := a.Place(p.triggers, p.latency)
	width := labelWidth * float64(len(p.label()))
	for _, at := range [][2]float64{{8, 4}, {-8 - width, 4}, {-width / 2, -8}, {-width / 2, 17}, {8, -8}, {8, 17}, {-8 - width, -8}, {-8 - width, 17}} {
		l := box{x + at[0], y + at[1] - labelHeight + 3, x + at[0] + width, y + at[1] + 3}
		if l.x0 < marginLeft || l.x1 > pictureWidth || l.y0 < marginTop || l.y1 > pictureHeight-marginBottom ||
			slices.ContainsFunc(a.taken, l.overlaps) {
			continue
		}
		a.taken = append(a.taken, l)
		fmt.Fprintf(b, `<text class="%s-label" x="%.1f" y="%.1f">%s</text>`, class(p.rival), x+at[0], y+at[1], p.label())
		return
	}
}

func (l box) overlaps(m box) bool { return l.x0 < m.x1 && m.x0 < l.x1 && l.y0 < m.y1 && m.y0 < l.y1 }

func (p point) label() string {
	if p.rival == PolicyName || p.rival == WaitingRule {
		return p.rival + ", " + p.weights
	}
	return p.rival
}

// rank orders labels; 4 and more get none.
func rank(rival string) int {
	switch {
	case rival == PolicyName:
		return 0
	case fixed(rival):
		return 1
	case rival == WaitingRule:
		return 2
	case strings.HasSuffix(rival, rules.StepsSuffix), strings.Contains(rival, "published-"):
		return 4
	}
	return 3
}

func class(rival string) string {
	switch {
	case rival == PolicyName:
		return "policy"
	case rival == WaitingRule:
		return "waiting"
	case rival == Clairvoyant:
		return "limit"
	case fixed(rival):
		return "grid-dot"
	}
	return "rule"
}

func radius(rival string) int {
	if rival == PolicyName {
		return 6
	}
	return 4
}

const pictureStyle = `<style>
svg{--paper:#fff;--ink:#1d2329;--faint:#dfe3e8;--front:#7b8794;--rule:#4a7ab5;--policy:#d9480f;--waiting:#2b8a3e}
@media(prefers-color-scheme:dark){svg{--paper:#14181c;--ink:#e6e9ec;--faint:#2a3138;--front:#9aa5b1;--rule:#7fb0ea;--policy:#ff8a50;--waiting:#69db7c}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}.title{font-size:15px;font-weight:600}.paper{fill:var(--paper)}
.grid{stroke:var(--faint)}.front{fill:none;stroke:var(--front);stroke-width:2}.grid-dot{fill:var(--front)}
.rule{fill:var(--rule)}.limit{fill:none;stroke:var(--ink);stroke-width:1.5}.waiting{fill:var(--waiting)}.policy{fill:var(--policy)}
.policy-line,.waiting-line{fill:none;stroke-width:1.5;stroke-dasharray:4 3}.policy-line{stroke:var(--policy)}.waiting-line{stroke:var(--waiting)}
.policy-label{fill:var(--policy);font-weight:600}.waiting-label{fill:var(--waiting)}.grid-dot-label{fill:var(--front)}
</style>`
