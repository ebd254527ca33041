package telemetry

import (
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is the registry of the tuner's metrics. Its methods may be called
// from many goroutines.
type Metrics struct {
	registry  *prometheus.Registry
	snapshot  atomic.Pointer[Snapshot]
	decisions prometheus.Histogram
}

// New returns the metrics of a tuner of this version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		decisions: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "rubato_decision_duration_seconds",
			Help:    "Time from a tick to its decision.",
			Buckets: []float64{1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1},
		}),
	}
	m.snapshot.Store(&Snapshot{})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rubato_build_info", Help: "The version that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": valid(version), "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.decisions, build, &collector{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Set shows s from now on.
func (m *Metrics) Set(s Snapshot) { m.snapshot.Store(&s) }

// Decided observes the time that one decision took.
func (m *Metrics) Decided(took time.Duration) { m.decisions.Observe(took.Seconds()) }

// Handler serves the metrics over HTTP.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// valid replaces what is not UTF-8, which Prometheus refuses in a label.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
