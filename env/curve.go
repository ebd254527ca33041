package env

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// curvePoints bounds a Curve's memory; when it is full, every other point of
// its older half is merged away.
const curvePoints = 512

// Curve is a count of arrivals over time, piecewise linear between its points.
// It goes back neither in time nor in value. Before its first point and after
// its last it is flat. The zero Curve is empty and ready for use.
type Curve struct {
	// A ring of n points that begins at head; nil until the first Append.
	at      []Time
	value   []float64
	head, n int
}

// Len is the number of points held.
func (c *Curve) Len() int { return c.n }

func (c *Curve) index(i int) int { return (c.head + i) & (curvePoints - 1) }

// point returns the i-th point from the oldest.
func (c *Curve) point(i int) (Time, float64) {
	j := c.index(i)
	return c.at[j], c.value[j]
}

// Last returns the newest point; zeros when the curve is empty.
func (c *Curve) Last() (Time, float64) {
	if c.n == 0 {
		return 0, 0
	}
	return c.point(c.n - 1)
}

// Append adds the point (t, cumulative). A value below the last one is raised
// to it; a time at or before the last one raises the last point.
func (c *Curve) Append(t Time, cumulative float64) {
	if c.at == nil {
		c.at, c.value = make([]Time, curvePoints), make([]float64, curvePoints)
	}
	if c.n > 0 {
		last := c.index(c.n - 1)
		cumulative = max(cumulative, c.value[last])
		if t <= c.at[last] {
			c.value[last] = cumulative
			return
		}
		if c.n > 1 && cumulative == c.value[last] && c.value[c.index(c.n-2)] == cumulative {
			c.at[last] = t // a flat stretch needs its two ends only
			return
		}
	}
	if c.n == curvePoints {
		c.merge()
	}
	j := c.index(c.n)
	c.at[j], c.value[j] = t, cumulative
	c.n++
}

// merge drops every other point of the older half, never the oldest.
func (c *Curve) merge() {
	keep := 0
	for i := range c.n {
		if i < c.n/2 && i%2 == 1 {
			continue
		}
		from, to := c.index(i), c.index(keep)
		c.at[to], c.value[to] = c.at[from], c.value[from]
		keep++
	}
	c.n = keep
}

// after returns the index of the first point later than t, or Len.
func (c *Curve) after(t Time) int {
	lo, hi := 0, c.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if c.at[c.index(mid)] > t {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// At returns the value at t; 0 when the curve is empty.
func (c *Curve) At(t Time) float64 {
	if c.n == 0 {
		return 0
	}
	return c.between(c.after(t), t)
}

// between returns the value at t, given i = after(t) and at least one point.
func (c *Curve) between(i int, t Time) float64 {
	switch i {
	case 0:
		_, v := c.point(0)
		return v
	case c.n:
		_, v := c.point(c.n - 1)
		return v
	}
	t0, v0 := c.point(i - 1)
	t1, v1 := c.point(i)
	return min(v0+(v1-v0)*(t.Sub(t0)/t1.Sub(t0)), v1)
}

// Crossing returns the moment from which the curve is above level: the latest
// at which it is not. It is held to the first and last points' times.
func (c *Curve) Crossing(level float64) Time {
	if c.n == 0 {
		return 0
	}
	lo, hi := 0, c.n
	for lo < hi { // the first point above level
		mid := int(uint(lo+hi) >> 1)
		if c.value[c.index(mid)] > level {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	switch lo {
	case 0:
		t, _ := c.point(0)
		return t
	case c.n:
		t, _ := c.point(c.n - 1)
		return t
	}
	t0, v0 := c.point(lo - 1)
	t1, v1 := c.point(lo)
	return min(t0.Add(t1.Sub(t0)*((level-v0)/(v1-v0))), t1)
}

// Trim forgets what is not needed to know the curve from t on.
func (c *Curve) Trim(t Time) {
	for c.n > 2 && c.at[c.index(1)] <= t {
		c.head = c.index(1)
		c.n--
	}
}

func (c *Curve) copyFrom(from *Curve) {
	c.head, c.n = 0, from.n
	if from.n == 0 {
		return
	}
	if c.at == nil {
		c.at, c.value = make([]Time, curvePoints), make([]float64, curvePoints)
	}
	n := copy(c.at[:from.n], from.at[from.head:])
	copy(c.at[n:from.n], from.at)
	n = copy(c.value[:from.n], from.value[from.head:])
	copy(c.value[n:from.n], from.value)
}

type curveJSON struct {
	At    []byte `json:"at"`    // int64 nanoseconds, little-endian
	Value []byte `json:"value"` // float64, little-endian
}

// MarshalJSON writes the points, oldest first.
func (c Curve) MarshalJSON() ([]byte, error) {
	var w curveJSON
	for i := range c.n {
		t, v := c.point(i)
		w.At = binary.LittleEndian.AppendUint64(w.At, uint64(t))
		w.Value = binary.LittleEndian.AppendUint64(w.Value, math.Float64bits(v))
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote, and refuses a curve that goes
// back.
func (c *Curve) UnmarshalJSON(b []byte) error {
	var w curveJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("reading a curve: %w", err)
	}
	n := len(w.At) / 8
	if len(w.At) != len(w.Value) || len(w.At)%8 != 0 || n > curvePoints {
		return fmt.Errorf("reading a curve: %d bytes of times, %d of values", len(w.At), len(w.Value))
	}
	*c = Curve{}
	if n == 0 {
		return nil
	}
	c.at, c.value, c.n = make([]Time, curvePoints), make([]float64, curvePoints), n
	for i := range n {
		c.at[i] = Time(binary.LittleEndian.Uint64(w.At[8*i:]))
		c.value[i] = math.Float64frombits(binary.LittleEndian.Uint64(w.Value[8*i:]))
		if !finite(c.value[i]) || i > 0 && (c.at[i] <= c.at[i-1] || c.value[i] < c.value[i-1]) {
			return fmt.Errorf("reading a curve: point %d goes back or is not a number", i)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
