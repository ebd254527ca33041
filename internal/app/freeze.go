package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rubato/checkpoints"
	"rubato/policy"
)

// upToRecord is how the provenance says which records a policy was made of.
const upToRecord = "up to record %d"

// frozenAt is the last record that was known when the policy was frozen, 0 for one
// that is not from a store.
func frozenAt(a *policy.Artefact) (seq uint64) {
	if _, err := fmt.Sscanf(a.Provenance["journal"], upToRecord, &seq); err != nil {
		return 0
	}
	return seq
}

// Freeze makes the artefact of a group's policy from a checkpoint, and its
// encoding. An empty group stands for the only one that has learnt.
func Freeze(ckpt *checkpoints.Checkpoint, group, version string) (text []byte, a *policy.Artefact, err error) {
	core := NewCore(Hooks{})
	defer core.Close()
	if err := core.Restore(ckpt.State); err != nil {
		return nil, nil, fmt.Errorf("checkpoint %d: %w", ckpt.Seq, err)
	}
	if group, err = core.learnt(group); err != nil {
		return nil, nil, err
	}
	if a, err = core.loop.Freeze(group); err != nil {
		return nil, nil, err
	}
	a.Provenance = map[string]string{
		"version": version, "group": group, "config": core.cfg.Hash(),
		"checkpoint": fmt.Sprint(ckpt.Seq), "journal": fmt.Sprintf(upToRecord, ckpt.JournalSeq),
		"state": ckpt.StateHash(), "at": time.Unix(0, int64(ckpt.At)).UTC().Format(time.RFC3339),
		"steps": fmt.Sprint(core.loop.Index()),
	}
	text, err = a.Encode()
	return text, a, err
}

// learners are the names of the groups that have a learner.
func (c *Core) learners() (names []string) {
	for _, g := range c.loop.Status() {
		if g.Learner != nil {
			names = append(names, g.Name)
		}
	}
	return names
}

// learnt checks the group's name, or finds the only one that has a learner.
func (c *Core) learnt(group string) (string, error) {
	names := c.learners()
	switch {
	case slices.Contains(names, group):
		return group, nil
	case len(names) == 0:
		return "", errors.New("no group has learnt a policy yet: run one in learn mode")
	case group == "" && len(names) == 1:
		return names[0], nil
	case group == "":
		return "", fmt.Errorf("several groups have learnt: --group wants one of %s", strings.Join(names, ", "))
	}
	return "", fmt.Errorf("group %q has learnt nothing: --group wants one of %s", group, strings.Join(names, ", "))
}
