package web

import (
	_ "embed" // the index page
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strings"
)

//go:embed index.html
var index []byte

// route answers one path to one method.
type route struct {
	method string
	serve  http.HandlerFunc
}

const queriesPrefix = "/api/queries/"

// handler routes by the escaped path: query keys hold escaped slashes and
// dots that http.ServeMux would clean away.
func handler(o Options) http.Handler {
	a := &api{app: o.App, version: o.Version}
	routes := map[string]route{
		"/":            {http.MethodGet, page},
		"/-/healthy":   {http.MethodGet, healthy},
		"/-/ready":     {http.MethodGet, a.ready},
		"/-/reload":    {http.MethodPost, a.reload},
		"/metrics":     {http.MethodGet, o.Metrics.ServeHTTP},
		"/api/version": {http.MethodGet, a.versions},
		"/api/queries": {http.MethodGet, a.queries},
	}
	mux := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if rt, ok := routes[path]; ok {
			rt.answer(w, r)
			return
		}
		rest, ok := strings.CutPrefix(path, queriesPrefix)
		if key, holds := strings.CutSuffix(rest, "/hold"); ok && holds {
			route{http.MethodPost, a.steer(key, "held", o.App.Hold)}.answer(w, r)
			return
		}
		if key, releases := strings.CutSuffix(rest, "/release"); ok && releases {
			route{http.MethodPost, a.steer(key, "released", o.App.Release)}.answer(w, r)
			return
		}
		fail(w, http.StatusNotFound, "nothing at "+path)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

func (rt route) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method != rt.method && (rt.method != http.MethodGet || r.Method != http.MethodHead) {
		w.Header().Set("Allow", rt.method)
		fail(w, http.StatusMethodNotAllowed, r.Method+" is not possible here: use "+rt.method)
		return
	}
	rt.serve(w, r)
}

type api struct {
	app     App
	version string
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(index)
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"status": "healthy"})
}

func (a *api) ready(w http.ResponseWriter, _ *http.Request) {
	if err := a.app.Ready(); err != nil {
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (a *api) reload(w http.ResponseWriter, _ *http.Request) {
	switch err := a.app.Reload(); {
	case err == nil:
		reply(w, http.StatusOK, map[string]string{"status": "reloaded"})
	case errors.Is(err, ErrStopping):
		fail(w, http.StatusServiceUnavailable, err.Error())
	default:
		fail(w, http.StatusBadRequest, err.Error())
	}
}

func (a *api) versions(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"version": a.version, "go": runtime.Version()})
}

func (a *api) queries(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, a.app.Queries())
}

// steer does something to the query of an escaped key. A key holds percent
// signs of its own, so one that was pasted in unescaped differs from what it
// unescapes to: it is tried second.
func (a *api) steer(escaped, done string, do func(key string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		key, err := url.PathUnescape(escaped)
		if err != nil || key == "" {
			fail(w, http.StatusNotFound, ErrUnknownQuery.Error()+": "+escaped)
			return
		}
		err = do(key)
		if errors.Is(err, ErrUnknownQuery) && key != escaped {
			if do(escaped) == nil {
				key, err = escaped, nil
			}
		}
		switch {
		case err == nil:
			reply(w, http.StatusOK, map[string]string{"query": key, "status": done})
		case errors.Is(err, ErrUnknownQuery):
			fail(w, http.StatusNotFound, ErrUnknownQuery.Error()+": "+key)
		case errors.Is(err, ErrStopping):
			fail(w, http.StatusServiceUnavailable, err.Error())
		default:
			fail(w, http.StatusInternalServerError, err.Error())
		}
	}
}

// reply writes v as JSON.
func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status = http.StatusInternalServerError
		b, _ = json.Marshal(map[string]string{"error": "encode the answer: " + err.Error()})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"error": message})
}
