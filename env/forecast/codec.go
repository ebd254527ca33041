package forecast

import (
	"encoding/binary"
	"math"

	"rubato/env"
)

// coder writes the fields it is shown to b, or reads them off b, whose length
// was checked: one list of the fields serves both.
type coder struct {
	b       []byte
	reading bool
}

var le = binary.LittleEndian

func (c *coder) uint(x *uint64) {
	if c.reading {
		*x, c.b = le.Uint64(c.b), c.b[8:]
		return
	}
	c.b = le.AppendUint64(c.b, *x)
}

func (c *coder) floats(xs ...*float64) {
	for _, x := range xs {
		bits := math.Float64bits(*x)
		c.uint(&bits)
		*x = math.Float64frombits(bits)
	}
}

func (c *coder) row(xs []float64) {
	if !c.reading {
		for _, x := range xs {
			c.b = le.AppendUint64(c.b, math.Float64bits(x))
		}
		return
	}
	for i := range xs {
		xs[i] = math.Float64frombits(le.Uint64(c.b[8*i:]))
	}
	c.b = c.b[8*len(xs):]
}

func (c *coder) singles(xs []float32) {
	if !c.reading {
		for _, x := range xs {
			c.b = le.AppendUint32(c.b, math.Float32bits(x))
		}
		return
	}
	for i := range xs {
		xs[i] = math.Float32frombits(le.Uint32(c.b[4*i:]))
	}
	c.b = c.b[4*len(xs):]
}

func (c *coder) bytes(xs []uint8) {
	if c.reading {
		c.b = c.b[copy(xs, c.b):]
		return
	}
	c.b = append(c.b, xs...)
}

func (c *coder) state(s *state) {
	at, period := uint64(s.At), uint64(s.Seasonal.Period)
	c.uint(&at)
	s.At = env.Time(at)
	c.uint(&s.Seen)
	c.floats(&s.Peak)
	k := &s.Scaler
	c.floats(&k.Last, &k.Quick, &k.Sum, &k.Weight, &k.QuickW, &k.Seen)
	c.row(s.Cell.H[:])
	c.row(s.Cell.C[:])
	for i := range s.Head {
		c.row(s.Head[i][:])
	}
	c.ar(&s.AR)
	c.holt(&s.Holt)
	for i := range s.Means {
		c.floats(&s.Means[i].Sum, &s.Means[i].Weight)
	}
	c.singles(s.Seasonal.Ring[:])
	c.singles(s.Seasonal.Miss[:])
	c.uint(&period)
	s.Seasonal.Period = int64(period)
	c.uint(&s.Seasonal.Seen)
	for i := range s.Hedge {
		c.row(s.Hedge[i].Weight[:])
		c.floats(&s.Hedge[i].Error, &s.Hedge[i].ErrorWeight)
		c.conformal(&s.Conformal[i])
	}
	for i := range s.Made {
		c.made(&s.Made[i])
	}
	for i := range s.Out {
		c.uint(&s.Out[i])
		c.uint(&s.Drops[i])
	}
	for i := range s.Quantiles {
		c.row(s.Quantiles[i][:])
	}
}

func (c *coder) ar(a *AR) {
	c.row(a.Rates[:])
	c.uint(&a.Seen)
	c.row(a.P[:])
	for i := range a.W {
		c.row(a.W[i][:])
	}
	for i := range a.X {
		c.row(a.X[i][:])
		c.row(a.K[i][:])
	}
	c.row(a.Rate[:])
	c.row(a.Scales[:])
}

func (c *coder) holt(h *Holt) {
	c.floats(&h.Level, &h.Trend)
	c.uint(&h.Seen)
	c.floats(&h.Peak, &h.Scale, &h.ScaleWeight)
	for i := range h.Past {
		c.row(h.Past[i][:])
	}
	c.row(h.Error[:])
}

// conformal leaves the counts out: they are those of the classes.
func (c *coder) conformal(f *Conformal) {
	c.bytes(f.Class[:])
	c.uint(&f.N)
	if !c.reading {
		return
	}
	f.Counts = [classes]uint16{}
	for _, k := range f.Class[:min(f.N, window)] {
		f.Counts[k]++
	}
}

func (c *coder) made(m *made) {
	c.floats(&m.Rate, &m.Scale)
	c.row(m.H[:])
	for i := range m.Forecast {
		c.row(m.Forecast[i][:])
	}
	c.row(m.Mixed[:])
	for i := range m.Width {
		c.row(m.Width[i][:])
	}
}

// The lengths of what coder writes, bytes.
var stateSize, holtSize = sizes()

func sizes() (ensemble, holt int) {
	var e, h coder
	e.state(new(state))
	h.holt(new(Holt))
	return len(e.b), len(h.b)
}
