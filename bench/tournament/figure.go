package tournament

import (
	"fmt"
	"math"
	"strconv"
)

// Figure is a number that may be unknown (NaN): null in JSON, "-" in tables,
// empty in CSV.
type Figure float64

// Unknown is the Figure that is not known.
func Unknown() Figure { return Figure(math.NaN()) }

// Known tells whether f is a number.
func (f Figure) Known() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// MarshalJSON writes null where f is unknown, else six significant digits.
func (f Figure) MarshalJSON() ([]byte, error) {
	if !f.Known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', 6, 64), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Unknown()
		return nil
	}
	x, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("reading a figure: %w", err)
	}
	*f = Figure(x)
	return nil
}

// String is for tables: four significant digits.
func (f Figure) String() string {
	if !f.Known() {
		return "-"
	}
	return strconv.FormatFloat(float64(f), 'g', 4, 64)
}

// geometric is the geometric mean; NaN of nothing.
func geometric(xs []float64) float64 {
	var sum float64
	for _, x := range xs {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(xs)))
}
