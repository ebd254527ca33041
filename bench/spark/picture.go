package spark

import (
	"fmt"
	"io"
	"strings"

	"rubato/bench/plane"
)

// The picture's panels, one a window, two in a row, in SVG units.
const (
	panelWidth, panelHeight = 440, 330
	panelLeft, panelRight   = 58, 14
	panelTop, panelBottom   = 40, 46
	letter                  = 5.6
)

const style = `<style>
text{font:11px system-ui,sans-serif;fill:#333}.title{font-size:13px;font-weight:600}.grid{stroke:#e4e4e4}.paper{fill:#fff}
.fixed{fill:#8a8a8a}.policy{fill:#c2410c}.rule{fill:#1d4ed8}.front{fill:none;stroke:#bbb}
.simulated{fill:none;stroke:#999}.to{stroke:#ccc;stroke-dasharray:2 2}.note{fill:#666}
</style>`

// WritePicture writes an SVG with a panel for each window: mean event latency
// against triggers, log axes; each rival where it was measured (full) and where
// the simulator said that it would be (hollow).
func (s *Summary) WritePicture(out io.Writer) error {
	rows := (len(s.Windows) + 1) / 2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Mean event latency against triggers on a real Spark">`,
		2*panelWidth, max(rows, 1)*panelHeight+24)
	fmt.Fprintf(&b, `%s<rect class="paper" width="%d" height="%d"/>`, style, 2*panelWidth, max(rows, 1)*panelHeight+24)
	for i, w := range s.Windows {
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`, i%2*panelWidth, i/2*panelHeight)
		s.panel(&b, w)
		b.WriteString("</g>")
	}
	fmt.Fprintf(&b, `<text class="note" x="%d" y="%d">Spark %s, job %s, weights %s: full circles measured (cost a second beside), hollow ones foretold by the simulator</text></svg>`+"\n",
		panelLeft, max(rows, 1)*panelHeight+12, s.Key.Spark, s.Key.Job, s.Key.Weights)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write the benchmark's picture: %w", err)
	}
	return nil
}

func (s *Summary) panel(b *strings.Builder, w *Played) {
	a := plane.New(panelWidth, panelHeight, plane.Margins{Left: panelLeft, Right: panelRight, Top: panelTop, Bottom: panelBottom})
	var rows []*Row
	seconds := s.Key.Minutes*60 - LeadIn.Seconds()
	for _, r := range w.Rows {
		if !(r.Triggers > 0) || !(r.MeanMs > 0) {
			continue
		}
		rows = append(rows, r)
		a.Hold(r.Triggers, r.MeanMs/1e3)
		if p := r.Predicted; p != nil && p.Triggers > 0 {
			a.Hold(p.Triggers/seconds, p.MeanMs/1e3)
		}
	}
	fmt.Fprintf(b, `<text class="title" x="%d" y="24">%s</text>`, panelLeft, w.Name)
	if len(rows) == 0 {
		return
	}
	a.Widen(0.12)
	a.Grid(b)
	for i, r := range rows {
		x, y := a.Place(r.Triggers, r.MeanMs/1e3)
		if p := r.Predicted; p != nil && p.Triggers > 0 {
			u, v := a.Place(p.Triggers/seconds, p.MeanMs/1e3)
			fmt.Fprintf(b, `<line class="to" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><circle class="simulated" cx="%.1f" cy="%.1f" r="4"/>`, x, y, u, v, u, v)
		}
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="5"><title>%s: cost %.3f/s, %.2f triggers/s, %.0f ms</title></circle>`,
			class(r.Rival), x, y, r.Rival, r.CostRate, r.Triggers, r.MeanMs)
		label := fmt.Sprintf("%s %.2f", r.Rival, r.CostRate)
		left := x + 8
		if left+letter*float64(len(label)) > panelWidth-4 {
			left = x - 8 - letter*float64(len(label))
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f">%s</text>`, left, y+4-11*float64(i%2), label)
	}
}

func class(rival string) string {
	switch {
	case rival == Frozen, rival == Learning:
		return "policy"
	case strings.HasPrefix(rival, fixedPrefix):
		return "fixed"
	}
	return "rule"
}
