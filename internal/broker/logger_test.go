package broker

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestAFaultOfEveryBatchIsToldAFewTimes(t *testing.T) {
	var out strings.Builder
	log := newLogger(zerolog.New(&out))
	for range 1000 {
		log.Logf(kfake.LogLevelWarn, "persist batch: %v", "no space left on device")
	}
	if n := strings.Count(out.String(), "no space left"); n < 1 || n > 10 {
		t.Errorf("told %d times", n)
	}
}
