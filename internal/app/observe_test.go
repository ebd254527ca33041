package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"rubato/agent"
)

func TestWhatFailsInLearningIsWarnedOfOnce(t *testing.T) {
	var log bytes.Buffer
	a := &App{log: zerolog.New(&log)}
	a.tally.reset()
	g := agent.GroupStatus{Name: "orders", Learner: &agent.LearnerStatus{Failed: 3}, Search: &agent.SearchStatus{}}
	a.warn(&g) // before the restart
	if log.Len() > 0 {
		t.Errorf("warned of what an earlier process was: %s", log.String())
	}
	g.Search.Failed, g.Search.Err = 1, errors.New("broken")
	a.warn(&g)
	a.warn(&g)
	told := log.String()
	if strings.Count(told, "\n") != 1 || !strings.Contains(told, `"group":"orders"`) || !strings.Contains(told, "broken") {
		t.Errorf("told %q, want one line with the group and the error", told)
	}
	if s := shownGroup(&g); s.FailedUpdates != 3 || s.FailedSearches != 1 {
		t.Errorf("shown are %d failed updates and %d searches, want 3 and 1", s.FailedUpdates, s.FailedSearches)
	}
}
