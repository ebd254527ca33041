package agent

import (
	"errors"
	"fmt"

	"rubato/policy"
)

// ErrNotLearnt says that a group has no learner whose policy could be frozen.
var ErrNotLearnt = errors.New("has learnt no policy")

// Freeze returns the group's policy as it stands: the network that acts, the
// scale of its critic's returns, and where its queries' thresholds stand.
func (l *Loop) Freeze(group string) (*policy.Artefact, error) {
	for i, g := range l.groups {
		if g.cfg.Name != group || g.learner == nil {
			continue
		}
		a := &policy.Artefact{Network: g.learner.net.Clone(), ReturnScale: g.learner.unit}
		for key, q := range l.queries {
			if q.group == i && q.tuned.shift != 0 {
				if a.ThresholdShifts == nil {
					a.ThresholdShifts = map[string]float64{}
				}
				a.ThresholdShifts[string(key)] = q.tuned.shift
			}
		}
		return a, nil
	}
	return nil, fmt.Errorf("freeze group %q: %w", group, ErrNotLearnt)
}
