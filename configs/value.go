package configs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalYAML writes the size as its text.
func (s Size) MarshalYAML() (any, error) { return s.String(), nil }

func parseSize(text string) (Size, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(u.bytes) {
			break
		}
		return Size(n) * u.bytes, nil
	}
	return 0, errors.New("want a whole number with a unit: B, KiB, MiB or GiB")
}

// Bound is an interval: absolute, or Times the job's own.
type Bound struct {
	Absolute time.Duration
	Times    float64
}

// Of returns the bound for a job that configured an interval.
func (b Bound) Of(configured time.Duration) time.Duration {
	if b.Times > 0 {
		return time.Duration(b.Times * float64(configured))
	}
	return b.Absolute
}

// String writes 0.1x or 200ms.
func (b Bound) String() string {
	if b.Times > 0 {
		return strconv.FormatFloat(b.Times, 'g', -1, 64) + "x"
	}
	return b.Absolute.String()
}

// MarshalYAML writes the bound as its text.
func (b Bound) MarshalYAML() (any, error) { return b.String(), nil }

func parseBound(text string) (Bound, error) {
	const want = "want a duration with a unit (200ms, 10s) or a multiple of the job's interval (0.1x)"
	if digits, ok := strings.CutSuffix(text, "x"); ok {
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(n > 0) || n > 1e6 {
			return Bound{}, errors.New(want)
		}
		return Bound{Times: n}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || text == "0" {
		return Bound{}, errors.New(want)
	}
	if d < time.Millisecond || d > 24*time.Hour {
		return Bound{}, fmt.Errorf("%v is out of bounds: 1ms to 24h", d)
	}
	return Bound{Absolute: d}, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || (text == "0" && d == 0) {
		if _, number := strconv.ParseFloat(text, 64); number == nil {
			return 0, errors.New("the unit is missing: write 200ms, 10s or 1m")
		}
		return 0, errors.New("want a duration with a unit: 200ms, 10s or 1m")
	}
	return d, nil
}
