package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeApp is an App of set answers that notes what was held.
type fakeApp struct {
	ready, reload, steer error
	queries              any
	known                string
	block                chan struct{} // when set, Queries waits for it

	mu   sync.Mutex
	held []string
}

func (a *fakeApp) Ready() error  { return a.ready }
func (a *fakeApp) Reload() error { return a.reload }
func (a *fakeApp) Queries() any {
	if a.block != nil {
		a.block <- struct{}{}
		<-a.block
	}
	return a.queries
}
func (a *fakeApp) Hold(key string) error    { return a.note("hold " + key) }
func (a *fakeApp) Release(key string) error { return a.note("release " + key) }

func (a *fakeApp) note(what string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.steer != nil {
		return a.steer
	}
	if _, key, _ := strings.Cut(what, " "); key != a.known {
		return ErrUnknownQuery
	}
	a.held = append(a.held, what)
	return nil
}

type client struct {
	t    *testing.T
	http *http.Client
	base string
}

func serve(t *testing.T, a *fakeApp) (*Server, *client) {
	t.Helper()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "rubato_up 1\n") })
	s, err := Start(Options{Addr: "127.0.0.1:0", App: a, Metrics: metrics, Version: "v1", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return s, &client{t, &http.Client{Transport: tr}, "http://" + s.Addr()}
}

// do makes a request whose path is sent as it is given.
func (c *client) do(method, path string, header ...string) (status int, body string, h http.Header) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func TestEveryPathAnswersItsMethod(t *testing.T) {
	_, c := serve(t, &fakeApp{queries: []string{"q"}})
	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/", 200, "<h1>Rubato</h1>"},
		{"GET", "/-/healthy", 200, `{"status":"healthy"}`},
		{"HEAD", "/-/healthy", 200, ""},
		{"GET", "/-/ready", 200, `{"status":"ready"}`},
		{"POST", "/-/reload", 200, `{"status":"reloaded"}`},
		{"GET", "/metrics", 200, "rubato_up 1"},
		{"GET", "/api/version", 200, `"version":"v1"`},
		{"GET", "/api/queries", 200, `["q"]`},
		{"GET", "/-/reload", 405, "use POST"},
		{"POST", "/api/queries", 405, "use GET"},
		{"GET", "/api/queries/a/hold", 405, "use POST"},
		{"DELETE", "/metrics", 405, "use GET"},
		{"GET", "/nothing", 404, `{"error":"nothing at /nothing"}`},
		{"GET", "/api/queries/", 404, "nothing at"},
		{"POST", "/api/queries//hold", 404, "no such query"},
		{"POST", "/api/queries/hold", 404, "nothing at"},
		{"GET", "/../etc/passwd", 404, "nothing at"},
	} {
		status, body, h := c.do(tc.method, tc.path)
		if status != tc.status || !strings.Contains(body, tc.body) {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, status, body)
		}
		if status == 405 && h.Get("Allow") == "" {
			t.Errorf("%s %s: does not say what is allowed", tc.method, tc.path)
		}
		if status >= 400 && !json.Valid([]byte(body)) {
			t.Errorf("%s %s: the error is not JSON: %s", tc.method, tc.path, body)
		}
	}
}

func TestNotReadySaysWhy(t *testing.T) {
	_, c := serve(t, &fakeApp{ready: errors.New("no broker yet")})
	if status, body, _ := c.do("GET", "/-/ready"); status != 503 || body != `{"error":"no broker yet"}`+"\n" {
		t.Fatalf("%d %s", status, body)
	}
}

func TestRejectedReloadShowsEveryMistake(t *testing.T) {
	_, c := serve(t, &fakeApp{reload: errors.Join(errors.New("a.yaml:3: min: negative"), errors.New("a.yaml:7: max: no unit"))})
	status, body, h := c.do("POST", "/-/reload")
	if status != 400 || body != `{"error":"a.yaml:3: min: negative\na.yaml:7: max: no unit"}`+"\n" {
		t.Fatalf("%d %q", status, body)
	}
	if ct := h.Get("Content-Type"); ct != "application/json" {
		t.Fatalf("content type %s", ct)
	}
}

func TestKeysSurviveTheURL(t *testing.T) {
	for _, key := range []string{
		"app/query", "my%20app/orders%2Fpaid", "app/a%252Fb", "app/..", "a//b", "app/hold", "app/%", "app/é",
	} {
		for _, verb := range []string{"hold", "release"} {
			a := &fakeApp{known: key}
			_, c := serve(t, a)
			status, body, _ := c.do("POST", "/api/queries/"+url.PathEscape(key)+"/"+verb)
			if status != 200 || len(a.held) != 1 || a.held[0] != verb+" "+key {
				t.Errorf("%s %s: %d %s, did %q", verb, key, status, body, a.held)
			}
			var answer struct{ Query string }
			if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Query != key {
				t.Errorf("%s %s: answered %s", verb, key, body)
			}
		}
	}
}

func TestPastedKeysAreUnderstood(t *testing.T) {
	for _, key := range []string{"app/query", "my%20app/orders%2Fpaid"} {
		a := &fakeApp{known: key}
		_, c := serve(t, a)
		if status, body, _ := c.do("POST", "/api/queries/"+key+"/hold"); status != 200 || len(a.held) != 1 || a.held[0] != "hold "+key {
			t.Errorf("%s: %d %s, did %q", key, status, body, a.held)
		}
	}
}

func TestUnknownQueryIsNotFoundAndOtherTroubleIsAnError(t *testing.T) {
	a := &fakeApp{known: "app/query"}
	_, c := serve(t, a)
	if status, body, _ := c.do("POST", "/api/queries/app%2Fother/hold"); status != 404 || !strings.Contains(body, "app/other") {
		t.Fatalf("%d %s", status, body)
	}
	a.steer = errors.New("the tuner stops")
	if status, body, _ := c.do("POST", "/api/queries/app%2Fquery/hold"); status != 500 || !strings.Contains(body, "the tuner stops") {
		t.Fatalf("%d %s", status, body)
	}
}

func TestWhatComesWhileTheTunerStopsIsUnavailable(t *testing.T) {
	stopping := fmt.Errorf("holding app/query: %w", ErrStopping)
	_, c := serve(t, &fakeApp{reload: stopping, steer: stopping})
	for _, path := range []string{"/-/reload", "/api/queries/app%2Fquery/hold", "/api/queries/app%2Fquery/release"} {
		if status, body, _ := c.do("POST", path); status != 503 || !strings.Contains(body, stopping.Error()) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestOtherSitesCannotSteer(t *testing.T) {
	a := &fakeApp{known: "app/query"}
	_, c := serve(t, a)
	if status, _, _ := c.do("POST", "/api/queries/app%2Fquery/hold", "Origin", "http://elsewhere.example"); status != 403 || len(a.held) != 0 {
		t.Fatalf("status %d, did %q", status, a.held)
	}
}

func TestAnswerThatCannotBeEncodedIsAnError(t *testing.T) {
	_, c := serve(t, &fakeApp{queries: math.NaN()})
	if status, body, _ := c.do("GET", "/api/queries"); status != 500 || !json.Valid([]byte(body)) {
		t.Fatalf("%d %s", status, body)
	}
}

func TestTakenAddressIsNamed(t *testing.T) {
	s, _ := serve(t, &fakeApp{})
	if _, err := Start(Options{Addr: s.Addr(), App: &fakeApp{}, Metrics: http.NotFoundHandler()}); !errors.Is(err, ErrPortTaken) || !strings.Contains(err.Error(), s.Addr()) || !strings.Contains(err.Error(), "http.listen") {
		t.Fatalf("got %v", err)
	}
}

func TestCloseLetsARequestInProgressEnd(t *testing.T) {
	a := &fakeApp{queries: "late", block: make(chan struct{})}
	s, c := serve(t, a)
	answered := make(chan string, 1)
	go func() {
		_, body, _ := c.do("GET", "/api/queries")
		answered <- body
	}()
	<-a.block // the request is being served
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	a.block <- struct{}{}
	if body := <-answered; body != "\"late\"\n" {
		t.Fatalf("got %q", body)
	}
	<-closed
}

func TestCloseDoesNotWaitForARequestThatHangs(t *testing.T) {
	a := &fakeApp{block: make(chan struct{})}
	s, c := serve(t, a)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		res, err := c.http.Get(c.base + "/api/queries")
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	<-a.block
	done := make(chan struct{})
	go func() { s.Close(); s.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("Close waits for the request")
	}
	close(a.block)
	<-ended
}
