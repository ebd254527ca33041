package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Artefact is a policy frozen into one file: what freezing writes, and all
// that serving loads.
type Artefact struct {
	// Network is the actor and critic.
	Network *Network
	// ReturnScale is the divisor of the critic's returns (see agent), > 0.
	ReturnScale float64
	// ThresholdShifts are by how much the threshold of single queries is moved, in its
	// logarithm, by key: what was learnt of them. Others stand at 0.
	ThresholdShifts map[string]float64
	// Provenance tells where the policy comes from: commit, command, time,
	// journal, seed. Programs read only journal and group of it (app.Judge).
	Provenance map[string]string
}

const (
	artefactMagic   = "RUBATO-POLICY\n"
	artefactVersion = 1
	maxHeader       = 1 << 20
	maxShift        = 4 // beyond it a moved threshold is no threshold
)

type artefactHeader struct {
	ReturnScale float64 `json:"returnScale"`
	// Ladder is part of the format: written as zeros and never read.
	Ladder struct {
		Min   int64   `json:"minNs"`
		Max   int64   `json:"maxNs"`
		Ratio float64 `json:"ratio"`
	} `json:"ladder"`
	Provenance map[string]string `json:"provenance"`
	// Left out where there are none, so that older artefacts keep their bytes.
	Thresholds map[string]float64 `json:"thresholds,omitempty"`
}

// Encode writes the artefact canonically: magic, schema version, the header's
// length, the header (JSON), the network (see Network.MarshalBinary), and the
// SHA-256 of all that.
func (a *Artefact) Encode() ([]byte, error) {
	if err := a.validate(); err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	header, err := json.Marshal(artefactHeader{ReturnScale: a.ReturnScale, Provenance: a.Provenance, Thresholds: a.ThresholdShifts})
	if err != nil {
		return nil, fmt.Errorf("encode policy's header: %w", err)
	}
	net, err := a.Network.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode policy's network: %w", err)
	}
	b := append([]byte(nil), artefactMagic...)
	b = binary.LittleEndian.AppendUint32(b, artefactVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	b = append(append(b, header...), net...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// Decode reads what Encode wrote. Its errors wrap one of this package's Err
// values, which name the damage.
func Decode(b []byte) (*Artefact, error) {
	a, err := decodeArtefact(b)
	if err != nil {
		return nil, fmt.Errorf("decode policy: %w", err)
	}
	return a, nil
}

func decodeArtefact(b []byte) (*Artefact, error) {
	const prefix = len(artefactMagic) + 8
	if !bytes.HasPrefix(b, []byte(artefactMagic)) {
		if bytes.HasPrefix([]byte(artefactMagic), b) {
			return nil, ErrTruncated
		}
		return nil, ErrFormat
	}
	if len(b) < prefix+sha256.Size {
		return nil, ErrTruncated
	}
	if v := binary.LittleEndian.Uint32(b[len(artefactMagic):]); v != artefactVersion {
		return nil, fmt.Errorf("version %d, this build reads %d: %w", v, artefactVersion, ErrVersion)
	}
	size := int64(binary.LittleEndian.Uint32(b[len(artefactMagic)+4:]))
	if size > maxHeader {
		return nil, fmt.Errorf("header of %d bytes: %w", size, ErrHeader)
	}
	body, trailer := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if int64(len(body)) < int64(prefix)+size {
		return nil, ErrTruncated
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], trailer) {
		return nil, sizeOr(body[prefix+int(size):], ErrChecksum)
	}
	var h artefactHeader
	d := json.NewDecoder(bytes.NewReader(body[prefix : prefix+int(size)]))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more than one value: %w", ErrHeader)
	}
	net, err := decodeNetwork(body[prefix+int(size):])
	if err != nil {
		return nil, err
	}
	a := &Artefact{Network: net, ReturnScale: h.ReturnScale, Provenance: h.Provenance, ThresholdShifts: h.Thresholds}
	return a, a.validate()
}

// sizeOr tells a cut or lengthened file from a damaged one: a checksum that
// does not match is ErrTruncated or ErrTrailing where the network's own sizes
// say so, else err.
func sizeOr(net []byte, err error) error {
	if _, e := decodeNetwork(net); errors.Is(e, ErrTruncated) || errors.Is(e, ErrTrailing) {
		return e
	}
	return err
}

func (a *Artefact) validate() error {
	for q, shift := range a.ThresholdShifts {
		if !(math.Abs(shift) <= maxShift) {
			return fmt.Errorf("the threshold of %q moved by %v: %w", q, shift, ErrHeader)
		}
	}
	switch {
	case a.Network == nil:
		return fmt.Errorf("no network: %w", ErrHeader)
	case !(a.ReturnScale > 0) || math.IsInf(a.ReturnScale, 0):
		return fmt.Errorf("return scale %v, want > 0: %w", a.ReturnScale, ErrHeader)
	}
	return nil
}
