package pretrained

import (
	_ "embed" // the shipped policy
	"fmt"

	"rubato/policy"
)

//go:embed prior.policy
var shipped []byte

// Bytes is the encoding of the shipped policy.
func Bytes() []byte { return append([]byte(nil), shipped...) }

// Policy decodes the shipped policy. An error means that this build's features
// are not those that it was trained on.
func Policy() (*policy.Artefact, error) {
	a, err := policy.Decode(shipped)
	if err != nil {
		return nil, fmt.Errorf("the shipped policy: %w", err)
	}
	return a, nil
}
