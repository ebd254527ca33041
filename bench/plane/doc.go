// Package plane is the plane that the pictures of the benchmarks share, in SVG:
// mean event latency, s, against triggers a second, both on log axes. A
// point below and to the left of another is better on both.
//
// A picture holds every point it will draw (Hold), widens the plane a little
// (Widen), draws the grid (Grid) and then its own marks where Place says. The
// classes grid and text are the picture's to style.
package plane
