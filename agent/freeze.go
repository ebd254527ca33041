package agent

import (
	"errors"
	"fmt"

	"rubato/policy"
)

// ErrNotLearnt says that a group has no learner whose policy could be frozen.
var ErrNotLearnt = errors.New("has learnt no policy")

// Freeze returns the group's policy as it stands: the network that acts, and
// the scale of its critic's returns.
func (l *Loop) Freeze(group string) (*policy.Artefact, error) {
	for _, g := range l.groups {
		if g.cfg.Name == group && g.learner != nil {
			return &policy.Artefact{Network: g.learner.net.Clone(), ReturnScale: g.learner.unit}, nil
		}
	}
	return nil, fmt.Errorf("freeze group %q: %w", group, ErrNotLearnt)
}
