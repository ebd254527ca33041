package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// ErrUnknownQuery is what an App's Hold and Release err with for a key that is
// no live query.
var ErrUnknownQuery = errors.New("no such query")

// ErrStopping is what an App's Reload, Hold and Release err with once it stops.
var ErrStopping = errors.New("the tuner is stopping")

// ErrPortTaken says that another process listens on the address.
var ErrPortTaken = errors.New("port is taken: set another in http.listen, or 0 for a free one")

// App is what the server shows and steers. Its methods are called from many
// goroutines.
type App interface {
	// Ready returns nil when decisions are made, else why not.
	Ready() error
	// Reload loads the configuration anew; its error names every mistake.
	Reload() error
	// Queries returns the live queries as a value for encoding/json.
	Queries() any
	// Hold keeps a query on its configured interval, Release undoes it.
	Hold(key string) error
	Release(key string) error
}

// Options of a Server.
type Options struct {
	// Addr to listen on, host:port; port 0 takes a free one.
	Addr string
	App  App
	// Metrics serves /metrics.
	Metrics http.Handler
	// Version is what /api/version says.
	Version string
	// Log receives the server's own errors; the zero value is silent.
	Log zerolog.Logger
}

// closeWithin is how long requests in progress may still take at the end.
const closeWithin = time.Second

// Server is a running HTTP server.
type Server struct {
	http *http.Server
	addr string
	done chan struct{}
	once sync.Once
}

// Start listens and serves until Close.
func Start(o Options) (*Server, error) {
	ln, err := net.Listen("tcp", o.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("HTTP server on %s: %w", o.Addr, ErrPortTaken)
	}
	if err != nil {
		return nil, fmt.Errorf("HTTP server on %s: %w", o.Addr, err)
	}
	s := &Server{addr: ln.Addr().String(), done: make(chan struct{}), http: &http.Server{
		Handler:           handler(o),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(o.Log.With().Str("component", "http").Logger(), "", 0),
	}}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error().Err(err).Str("address", s.addr).Msg("HTTP server ended")
		}
	}()
	return s, nil
}

// Addr is where the server listens, host:port.
func (s *Server) Addr() string { return s.addr }

// Close lets requests in progress end, for a second at most. It may be called
// more than once.
func (s *Server) Close() {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
		<-s.done
	})
}
