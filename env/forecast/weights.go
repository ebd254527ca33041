package forecast

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the trained weights
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
)

// What may be wrong with a file of weights.
var (
	ErrFormat   = errors.New("not an LSTM of Rubato's")
	ErrVersion  = errors.New("another version or size of the LSTM")
	ErrDamaged  = errors.New("damaged")
	errTrailing = fmt.Errorf("cut off or lengthened: %w", ErrDamaged)
)

const (
	weightsMagic   = "RUBATO-LSTM\n"
	weightsVersion = 1
	maxProvenance  = 1 << 16
)

// EncodeWeights writes weights canonically: magic, version, inputs, units and
// outputs, the provenance's length and itself (JSON, nothing in it is read by a
// program), the weights as float32 row by row, and the SHA-256 of all that.
// Weights that a float32 cannot hold are rounded.
func EncodeWeights(w *Weights, provenance map[string]string) ([]byte, error) {
	about, err := json.Marshal(provenance)
	if err != nil {
		return nil, fmt.Errorf("encode the LSTM's provenance: %w", err)
	}
	b := append([]byte(nil), weightsMagic...)
	for _, n := range [...]int{weightsVersion, Inputs, Hidden, Outputs, len(about)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, about...)
	put := func(row []float64) {
		for _, x := range row {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		}
	}
	for i := range w.Gates {
		put(w.Gates[i][:])
	}
	for i := range w.Head {
		put(w.Head[i][:])
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// DecodeWeights reads what EncodeWeights wrote. Its errors wrap ErrFormat,
// ErrVersion or ErrDamaged.
func DecodeWeights(b []byte) (*Weights, map[string]string, error) {
	w, provenance, err := decodeWeights(b)
	if err != nil {
		return nil, nil, fmt.Errorf("decode LSTM: %w", err)
	}
	return w, provenance, nil
}

func decodeWeights(b []byte) (*Weights, map[string]string, error) {
	if !bytes.HasPrefix(b, []byte(weightsMagic)) {
		return nil, nil, ErrFormat
	}
	rest := b[len(weightsMagic):]
	if len(rest) < 20+sha256.Size {
		return nil, nil, errTrailing
	}
	for i, want := range [...]int{weightsVersion, Inputs, Hidden, Outputs} {
		if binary.LittleEndian.Uint32(rest[4*i:]) != uint32(want) {
			return nil, nil, ErrVersion
		}
	}
	n := int(binary.LittleEndian.Uint32(rest[16:]))
	const values = (Inputs+1+Hidden)*4*Hidden + (Hidden+1)*Outputs
	if n > maxProvenance || len(rest) != 20+n+4*values+sha256.Size {
		return nil, nil, errTrailing
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return nil, nil, fmt.Errorf("the checksum does not match: %w", ErrDamaged)
	}
	var provenance map[string]string
	if err := json.Unmarshal(rest[20:20+n], &provenance); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	w, rest := &Weights{}, rest[20+n:]
	get := func(row []float64) (finite bool) {
		finite = true
		for i := range row {
			row[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(rest)))
			finite = finite && !math.IsNaN(row[i]) && !math.IsInf(row[i], 0)
			rest = rest[4:]
		}
		return finite
	}
	finite := true
	for i := range w.Gates {
		finite = get(w.Gates[i][:]) && finite
	}
	for i := range w.Head {
		finite = get(w.Head[i][:]) && finite
	}
	if !finite {
		return nil, nil, fmt.Errorf("a weight is not finite: %w", ErrDamaged)
	}
	return w, provenance, nil
}

//go:embed lstm.bin
var embedded []byte

// Trained returns the weights that the binary carries; they are shared and not
// to be written to.
var Trained = sync.OnceValue(func() *Weights {
	w, _, err := DecodeWeights(embedded)
	if err != nil {
		panic(err) // the build is broken; a test opens them
	}
	return w
})

// TrainedHash is the hash of the weights that the binary carries: the SHA-256
// that ends them, in hexadecimal.
func TrainedHash() string { return hex.EncodeToString(embedded[len(embedded)-sha256.Size:]) }
