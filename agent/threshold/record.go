package threshold

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"rubato/env"
)

// Window is how many seconds a Record keeps.
const Window = 900

// Record is how many events came in each of the last seconds. Its zero value is
// empty.
type Record struct {
	counts []float32 // of the seconds that are over, oldest first
	// at is the last tick's time, total what had arrived by then, and part what
	// came in the second in course.
	at          env.Time
	total, part float64
}

// Seconds is how many seconds are known.
func (r *Record) Seconds() int { return len(r.counts) }

// Take is the seconds' events, oldest first, which the record then forgets; what
// it knows of the second in course stays.
func (r *Record) Take() []float32 {
	counts := r.counts
	r.counts = nil
	return counts
}

// Counts is a copy of the seconds' events, oldest first.
func (r *Record) Counts() []float32 { return append([]float32(nil), r.counts...) }

// Restart tells that a new run counts on another scale: its first tick at t says
// that so many had arrived in total. The seconds known before it stay.
func (r *Record) Restart(t env.Time, total float64) {
	r.at, r.total, r.part = t, total, 0
}

// Add takes in that by t so many events had arrived in total. What came between
// two ticks is spread evenly; a gap longer than the window begins it anew.
func (r *Record) Add(t env.Time, total float64) {
	elapsed := t.Sub(r.at)
	if r.at == 0 || !(elapsed >= 0 && elapsed <= Window) {
		r.counts = r.counts[:0]
		r.Restart(t, total)
		return
	}
	if elapsed == 0 {
		return
	}
	rate := max(total-r.total, 0) / elapsed
	for r.at < t {
		next := min((r.at/1e9+1)*1e9, t)
		r.part += rate * next.Sub(r.at)
		if r.at = next; next%1e9 == 0 {
			r.push(float32(r.part))
			r.part = 0
		}
	}
	r.total = max(total, r.total)
}

func (r *Record) push(n float32) {
	if len(r.counts) == Window {
		copy(r.counts, r.counts[1:])
		r.counts = r.counts[:Window-1]
	}
	r.counts = append(r.counts, n)
}

// errRecord: the bytes are no Record.
var errRecord = errors.New("the record of arrivals is damaged")

// Begun tells whether any tick was taken in.
func (r *Record) Begun() bool { return r.at != 0 }

// Append appends the record to b, canonically: time, total, part, and the
// counts, little-endian.
func (r *Record) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(r.total))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(r.part))
	return AppendCounts(b, r.counts)
}

// ReadRecord reads what Append wrote.
func ReadRecord(b []byte) (r Record, err error) {
	if len(b) < 24 {
		return r, fmt.Errorf("%d bytes: %w", len(b), errRecord)
	}
	r.at = env.Time(binary.LittleEndian.Uint64(b))
	r.total = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
	r.part = math.Float64frombits(binary.LittleEndian.Uint64(b[16:]))
	r.counts, err = ReadCounts(b[24:])
	return r, err
}

// AppendCounts appends counts to b, little-endian.
func AppendCounts(b []byte, counts []float32) []byte {
	for _, n := range counts {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(n))
	}
	return b
}

// ReadCounts reads what AppendCounts wrote.
func ReadCounts(b []byte) ([]float32, error) {
	if len(b)%4 != 0 || len(b) > 4*Window {
		return nil, fmt.Errorf("%d bytes of counts: %w", len(b), errRecord)
	}
	counts := make([]float32, len(b)/4)
	for i := range counts {
		counts[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if !(counts[i] >= 0) || math.IsInf(float64(counts[i]), 0) {
			return nil, fmt.Errorf("a count of %v: %w", counts[i], errRecord)
		}
	}
	return counts, nil
}
