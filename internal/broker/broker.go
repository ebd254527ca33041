package broker

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
)

var (
	// ErrPortTaken says that another process listens on the port.
	ErrPortTaken = errors.New("port is taken: set another in kafka.listen, or 0 for a free one")
	// ErrFolderInUse says that another process has the data folder open.
	ErrFolderInUse = errors.New("data folder is in use by another process")
)

const (
	retentionBytes = 64 << 20
	segmentBytes   = 16 << 20
	retentionEvery = time.Minute
)

// Options of an embedded broker.
type Options struct {
	// Port to listen on, on the loopback interface; 0 for a free one.
	Port int
	// Folder keeps the topics over a restart; empty keeps them in memory. It is
	// made when it does not exist.
	Folder string
	// Log receives the broker's warnings; the zero value is silent.
	Log zerolog.Logger
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
	lock    *os.File
	quit    chan struct{}
	done    chan struct{}
	once    sync.Once
}

// Start starts a broker. It errs with ErrPortTaken or ErrFolderInUse where
// that is the matter.
func Start(o Options) (*Broker, error) {
	b := &Broker{quit: make(chan struct{}), done: make(chan struct{})}
	opts := []kfake.Opt{
		kfake.Ports(o.Port),
		kfake.ClusterID("rubato"),
		kfake.MaxVersions(kversion.V3_5_0()),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(1),
		kfake.WithLogger(newLogger(o.Log)),
		kfake.BrokerConfigs(map[string]string{
			"log.retention.bytes": strconv.Itoa(retentionBytes),
			"log.retention.ms":    "-1",
			"log.segment.bytes":   strconv.Itoa(segmentBytes),
		}),
	}
	if o.Folder != "" {
		lock, err := lockFolder(o.Folder)
		if err != nil {
			return nil, fmt.Errorf("embedded broker's folder %s: %w", o.Folder, err)
		}
		b.lock = lock
		opts = append(opts, kfake.DataDir(o.Folder))
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		b.unlock()
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("embedded broker on port %d: %w", o.Port, ErrPortTaken)
		}
		return nil, fmt.Errorf("embedded broker on port %d, folder %q: %w", o.Port, o.Folder, err)
	}
	b.cluster, b.addr = cluster, cluster.ListenAddrs()[0]
	go b.retain()
	return b, nil
}

// Addr is where the broker listens, host:port.
func (b *Broker) Addr() string { return b.addr }

// Close stops the broker and writes what has to survive. It may be called more
// than once.
func (b *Broker) Close() {
	b.once.Do(func() {
		close(b.quit)
		<-b.done
		b.cluster.Close()
		b.unlock()
	})
}

// retain holds each partition to its size.
func (b *Broker) retain() {
	defer close(b.done)
	t := time.NewTicker(retentionEvery)
	defer t.Stop()
	for {
		select {
		case <-b.quit:
			return
		case <-t.C:
			b.cluster.ApplyRetention()
		}
	}
}

func (b *Broker) unlock() {
	if b.lock != nil {
		_ = b.lock.Close()
	}
}

// logger passes the broker's warnings and errors on, a few a minute: on a full disk
// there is one with every batch.
type logger struct{ log zerolog.Logger }

func newLogger(log zerolog.Logger) logger {
	return logger{log.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Minute})}
}

// Logf implements kfake.Logger.
func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error().Str("component", "broker").Msgf(format, args...)
	case kfake.LogLevelWarn:
		l.log.Warn().Str("component", "broker").Msgf(format, args...)
	}
}
