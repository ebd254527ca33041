package app

import (
	"encoding/json"
	"fmt"
	"os"

	"rubato/agent"
	"rubato/configs"
	"rubato/policy/pretrained"
)

// configInput is the Value of an InputConfig: the effective configuration, and
// the policies that it uses as they were then, by file; the shipped one under
// shippedPolicy. A replay reads no file, and does not change with the binary.
type configInput struct {
	Config   string            `json:"config"`
	Policies map[string][]byte `json:"policies,omitempty"`
}

// shippedPolicy stands for the policy inside the binary.
const shippedPolicy = ""

// configValue reads the policy files that a configuration names. Equal
// configurations and files give equal bytes.
func configValue(cfg *configs.Config) ([]byte, error) {
	effective, err := cfg.Effective()
	if err != nil {
		return nil, err
	}
	in := configInput{Config: string(effective), Policies: map[string][]byte{}}
	for _, g := range cfg.Groups {
		if g.Artefact == "" {
			if g.Policy == agent.Learned {
				in.Policies[shippedPolicy] = pretrained.Bytes()
			}
			continue
		}
		if in.Policies[g.Artefact], err = os.ReadFile(g.Artefact); err != nil {
			return nil, fmt.Errorf("group %q: reading its policy: %w", g.Name, err)
		}
	}
	b, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("writing a configuration: %w", err)
	}
	return b, nil
}

// startValue is an env.StartValue in JSON.
func startValue(epoch uint64) []byte { return fmt.Appendf(nil, `{"epoch":%d}`, epoch) }
