package transporttest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rubato/internal/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsThePromisesOfAClient(t *testing.T) {
	Promises(t, func(*testing.T) transport.Client { return NewMemory(time.Now) })
}

func TestTruncatedMessagesAreAGap(t *testing.T) {
	m := NewMemory(time.Now)
	ctx := ensure(t, m, 1, "a")
	if _, err := m.Produce(ctx, "a", 0, records(5, "x")); err != nil {
		t.Fatal(err)
	}
	m.Truncate("a", 0, 3)
	got := Collect(t, m, transport.Subscription{Topic: "a", From: transport.Positions{0: 1}})
	if vs := Values(got.Messages(t, 2)); !slices.Equal(vs, []string{"x3", "x4"}) {
		t.Fatalf("got %v", vs)
	}
	if gs := got.Gaps(); !slices.Equal(gs, []transport.Gap{{Topic: "a", From: 1, To: 3}}) {
		t.Fatalf("gaps %+v", gs)
	}
}

func TestFaultLosesDeliveriesAndConsumersWaitForItsEnd(t *testing.T) {
	m := NewMemory(time.Now)
	ctx := ensure(t, m, 1, "a")
	got := Collect(t, m, transport.Subscription{Topic: "a", Earliest: true})
	gone := errors.New("gone")
	m.Fail(gone)
	m.Publish("a", nil, []byte("lost"))
	if _, err := m.EndOffsets(ctx, "a"); !errors.Is(err, gone) {
		t.Fatalf("got %v", err)
	}
	m.Fail(nil)
	m.Publish("a", nil, []byte("kept"))
	if vs := Values(got.Messages(t, 1)); !slices.Equal(vs, []string{"kept"}) {
		t.Fatalf("got %v", vs)
	}
	if s := m.Stats(); s.Failed != 1 || s.Published != 1 {
		t.Fatalf("got %+v", s)
	}
}
