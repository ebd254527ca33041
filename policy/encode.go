package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"rubato/env"
)

// What can be wrong with a stored network or artefact.
var (
	// ErrFormat: the bytes are not of this kind.
	ErrFormat = errors.New("not a Rubato policy")
	// ErrVersion: written by a version with another schema.
	ErrVersion = errors.New("unknown policy schema version")
	// ErrFeatures: made for another list of features, or another Prior.
	ErrFeatures = errors.New("policy was made for another feature list")
	// ErrTruncated: the bytes end too early.
	ErrTruncated = errors.New("policy is truncated")
	// ErrTrailing: something follows the end.
	ErrTrailing = errors.New("bytes after the end of the policy")
	// ErrChecksum: the bytes are not those that were written.
	ErrChecksum = errors.New("policy is damaged: its SHA-256 does not match")
	// ErrLayout: the sizes do not fit each other.
	ErrLayout = errors.New("policy has an impossible layout")
	// ErrWeights: a weight is not a number.
	ErrWeights = errors.New("policy has a weight that is not finite")
	// ErrHeader: the artefact's description does not hold.
	ErrHeader = errors.New("policy has an impossible header")
)

const (
	networkMagic   = "RBTN"
	networkVersion = 1
	networkHeader  = 4 + 4 + 4 + 4 + sha256.Size
)

// FeatureHash is the SHA-256 of the feature list that this build computes, and
// of the Prior that a network is added to.
func FeatureHash() [sha256.Size]byte {
	return sha256.Sum256(append([]byte(strings.Join(env.FeatureNames[:], "\n")), priorJSON...))
}

// MarshalBinary encodes the network canonically: "RBTN", schema version,
// inputs, width (uint32 little-endian), the feature list's SHA-256, and the
// weights as little-endian float64.
func (n *Network) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, networkHeader+8*len(n.weights))
	b = append(b, networkMagic...)
	b = binary.LittleEndian.AppendUint32(b, networkVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(n.layout.Inputs))
	b = binary.LittleEndian.AppendUint32(b, uint32(n.layout.Width))
	hash := FeatureHash()
	b = append(b, hash[:]...)
	return appendFloats(b, n.weights), nil
}

// DecodeNetwork decodes what MarshalBinary wrote.
func DecodeNetwork(b []byte) (*Network, error) {
	n, err := decodeNetwork(b)
	if err != nil {
		return nil, fmt.Errorf("decode network: %w", err)
	}
	return n, nil
}

func decodeNetwork(b []byte) (*Network, error) {
	if len(b) < 4 || string(b[:4]) != networkMagic {
		return nil, ErrFormat
	}
	if len(b) < networkHeader {
		return nil, ErrTruncated
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != networkVersion {
		return nil, fmt.Errorf("version %d, this build reads %d: %w", v, networkVersion, ErrVersion)
	}
	if hash := FeatureHash(); string(hash[:]) != string(b[16:networkHeader]) {
		return nil, fmt.Errorf("its list is %x, this build's %x: %w", b[16:22], hash[:6], ErrFeatures)
	}
	l := Layout{Inputs: int(binary.LittleEndian.Uint32(b[8:])), Width: int(binary.LittleEndian.Uint32(b[12:]))}
	if !l.Valid() {
		return nil, fmt.Errorf("%d inputs and width %d: %w", l.Inputs, l.Width, ErrLayout)
	}
	switch body := b[networkHeader:]; {
	case len(body) < 8*l.Size():
		return nil, fmt.Errorf("%d of %d bytes of weights: %w", len(body), 8*l.Size(), ErrTruncated)
	case len(body) > 8*l.Size():
		return nil, fmt.Errorf("%d bytes: %w", len(body)-8*l.Size(), ErrTrailing)
	default:
		return NewNetwork(l, floats(body))
	}
}

func floats(b []byte) []float64 {
	xs := make([]float64, len(b)/8)
	for i := range xs {
		xs[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return xs
}
