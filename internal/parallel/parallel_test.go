package parallel

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachIsDoneOnce(t *testing.T) {
	var done [100]atomic.Int32
	err := Do(t.Context(), 3, len(done), func(_ context.Context, i int) error {
		done[i].Add(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range done {
		if n := done[i].Load(); n != 1 {
			t.Errorf("%d was done %d times", i, n)
		}
	}
}

func TestNothingMoreIsBegunAfterAnError(t *testing.T) {
	broken := errors.New("broken")
	var begun atomic.Int64
	err := Do(t.Context(), 0, 1000, func(context.Context, int) error {
		begun.Add(1)
		return broken
	})
	if !errors.Is(err, broken) || begun.Load() > int64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%v after %d of 1000", err, begun.Load())
	}
}

func TestNothingIsBegunOnceTheContextHasEnded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err := Do(ctx, 0, 10, func(context.Context, int) error {
		t.Error("begun")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
