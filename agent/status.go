package agent

// GroupStatus tells what a group is doing.
type GroupStatus struct {
	Name   string
	Mode   Mode
	Policy string
	// Learner is nil where the group has none.
	Learner *LearnerStatus
	// Search tells of the thresholds where the group has a learner.
	Search *SearchStatus
}

// Status tells what the groups are doing, in the order of their configuration.
func (l *Loop) Status() []GroupStatus {
	all := make([]GroupStatus, len(l.groups))
	for i, g := range l.groups {
		all[i] = GroupStatus{Name: g.cfg.Name, Mode: g.cfg.Mode}
		if g.rule != nil {
			all[i].Policy = g.rule.ID()
		} else {
			all[i].Policy = g.network().ID()
		}
		if g.learner != nil {
			s := g.learner.status
			searcher := g.searcher.status
			all[i].Learner, all[i].Search = &s, &searcher
		}
	}
	return all
}

// Index is the number of steps decided so far, over restarts.
func (l *Loop) Index() uint64 { return l.index }
