package replay

import (
	"encoding/binary"
	"math"

	"rubato/env"
)

// Record kinds, the first byte of a payload.
const (
	kindInput byte = 1
	kindStep  byte = 2
)

var le = binary.LittleEndian

// observationFloats is the number of float64 in an env.Observation.
const observationFloats = 52

// observationFields lists the fields of o in the order of their encoding.
func observationFields(o *env.Observation) [observationFloats]*float64 {
	return [observationFloats]*float64{
		&o.SinceTrigger, &o.Interval, &o.Shorter, &o.Longer, &o.Rung, &o.Rungs, &o.Period,
		&o.Outstanding, &o.Waited, &o.OldestAge, &o.Idle, &o.Sighted, &o.SightAge, &o.ResumeHazard,
		&o.R05, &o.R2, &o.R15, &o.R300, &o.Reference,
		&o.Forecast[0], &o.Forecast[1], &o.Forecast[2], &o.Spread[0], &o.Spread[1], &o.Spread[2],
		&o.BatchLast, &o.BatchSmoothed, &o.Overhead, &o.PerRow, &o.NextRows, &o.Cap, &o.Floor,
		&o.EmptyShare, &o.WarmupLeft, &o.DriverRunning, &o.DriverBusy,
		&o.DriverQueries, &o.DriverLeft, &o.DriverBefore, &o.Cores, &o.Contention, &o.NextPrice, &o.SlowEvery, &o.SlowSince, &o.SlowExtra,
		&o.Weights.Latency, &o.Weights.Empty, &o.Weights.Batch, &o.Weights.Backlog, &o.Weights.Miss, &o.Weights.Switch,
		&o.Target,
	}
}

// componentFields lists the fields of c in the order of their encoding.
func componentFields(c *env.Components) [6]*float64 {
	return [6]*float64{&c.Latency, &c.Empty, &c.Batch, &c.Backlog, &c.Miss, &c.Switch}
}

func appendFloat(b []byte, f float64) []byte { return le.AppendUint64(b, math.Float64bits(f)) }

func appendString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(le.AppendUint32(b, uint32(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendInput appends the canonical encoding of in to b: the payload of a
// record.
func AppendInput(b []byte, in *env.Input) []byte {
	b = append(b, kindInput)
	b = le.AppendUint64(b, uint64(in.At))
	b = append(b, byte(in.Kind))
	b = appendString(b, in.Key)
	b = appendString(b, in.Value)
	b = le.AppendUint32(b, uint32(in.Partition))
	return le.AppendUint64(b, uint64(in.Offset))
}

// AppendStep appends the canonical encoding of s to b: the payload of a
// record.
func AppendStep(b []byte, s *Step) []byte {
	b = append(b, kindStep)
	b = le.AppendUint64(b, s.Index)
	b = appendString(b, s.Query)
	b = appendString(b, s.Run)
	b = appendString(b, s.Group)
	b = appendString(b, s.Mode)
	b = le.AppendUint64(b, uint64(s.At))
	b = le.AppendUint64(b, s.Cause)
	b = appendFloat(b, s.Arrived)
	b = appendFloat(b, s.Elapsed)
	for _, c := range [2]*env.Components{&s.Cost, &s.Discounted} {
		for _, f := range componentFields(c) {
			b = appendFloat(b, *f)
		}
	}
	b = appendBool(b, s.First)
	b = appendBool(b, s.Teaches)
	for _, f := range observationFields(&s.Observation) {
		b = appendFloat(b, *f)
	}
	for _, m := range s.Mask {
		b = appendBool(b, m)
	}
	for _, p := range s.Probabilities {
		b = appendFloat(b, p)
	}
	b = append(b, byte(s.Proposed), byte(s.Action))
	b = le.AppendUint16(b, uint16(s.Verdict))
	b = le.AppendUint64(b, uint64(int64(s.Rung)))
	return appendString(b, s.Policy)
}
