package plane

import (
	"fmt"
	"math"
	"strings"
)

// Margins are the space around the plane, for labels, in SVG units.
type Margins struct{ Left, Right, Top, Bottom float64 }

// Plane maps figures to places in SVG units.
type Plane struct {
	width, height  float64
	margins        Margins
	x0, x1, y0, y1 float64 // decimal logarithms
}

// New returns a plane that holds nothing yet, of the given size, margins
// included.
func New(width, height float64, m Margins) *Plane {
	return &Plane{width: width, height: height, margins: m, x0: math.Inf(1), x1: math.Inf(-1), y0: math.Inf(1), y1: math.Inf(-1)}
}

// Hold makes the plane hold a point; both figures are > 0.
func (p *Plane) Hold(triggers, latency float64) {
	x, y := math.Log10(triggers), math.Log10(latency)
	p.x0, p.x1, p.y0, p.y1 = min(p.x0, x), max(p.x1, x), min(p.y0, y), max(p.y1, y)
}

// Widen gives the points room on all four sides, in decades.
func (p *Plane) Widen(room float64) {
	p.x0, p.x1, p.y0, p.y1 = p.x0-room, p.x1+room, p.y0-room, p.y1+room
}

// Place is where a point stands.
func (p *Plane) Place(triggers, latency float64) (x, y float64) {
	m := &p.margins
	x = m.Left + (math.Log10(triggers)-p.x0)/(p.x1-p.x0)*(p.width-m.Left-m.Right)
	y = m.Top + (p.y1-math.Log10(latency))/(p.y1-p.y0)*(p.height-m.Top-m.Bottom)
	return x, y
}

// Grid draws lines at 1, 2 and 5 of each decade, their figures, and what the
// axes are.
func (p *Plane) Grid(b *strings.Builder) {
	m := &p.margins
	right, bottom := p.width-m.Right, p.height-m.Bottom
	for _, v := range ticks(p.x0, p.x1) {
		x, _ := p.Place(v, 1)
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%g" x2="%.1f" y2="%g"/><text x="%.1f" y="%g" text-anchor="middle">%g</text>`,
			x, m.Top, x, bottom, x, bottom+18, v)
	}
	for _, v := range ticks(p.y0, p.y1) {
		_, y := p.Place(1, v)
		fmt.Fprintf(b, `<line class="grid" x1="%g" y1="%.1f" x2="%g" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%g</text>`,
			m.Left, y, right, y, m.Left-8, y+4, v)
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle">triggers a second</text>`, (p.width+m.Left)/2, p.height-16)
	fmt.Fprintf(b, `<text transform="translate(18 %g) rotate(-90)" text-anchor="middle">mean event latency, s</text>`, p.height/2)
}

func ticks(lo, hi float64) []float64 {
	var out []float64
	for e := math.Floor(lo); e <= hi; e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); math.Log10(v) >= lo && math.Log10(v) <= hi {
				out = append(out, v)
			}
		}
	}
	return out
}
