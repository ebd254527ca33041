package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStatusShowsWhatAnOperatorAsksFor(t *testing.T) {
	body := `[
		{"query": "shop/orders", "group": "orders", "mode": "learn", "held": true, "state": "waiting", "backlog": 5.819949926103874, "rate": 2},
		{"query": "shop/\u001b[31mcarts", "group": "default", "mode": "observe", "state": "batch", "stale": true, "sinceMs": 61200},
		{"query": "shop/x", "group": "default", "mode": "observe", "state": "unmanaged", "why": "its trigger is Once"}
	]`
	var out strings.Builder
	if err := printQueries(&out, []byte(body), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range [][]string{
		{"QUERY", "GROUP", "MODE", "STATE"},
		{"shop/orders", "orders", "learn (held)", "waiting", " 2.0/s  6  "},
		{`"shop/\x1b[31mcarts"`, "observe", "stale (silent for 1m1s)"},
		{"unmanaged (its trigger is Once)"},
	} {
		for _, text := range want {
			if !strings.Contains(lines[i], text) {
				t.Errorf("%q is not in: %s", text, lines[i])
			}
		}
	}
	if strings.ContainsRune(out.String(), '\x1b') {
		t.Error("a key steers the terminal")
	}
}

func TestTheDaemonsAddressIsUnderstoodAsItIsPasted(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	for _, address := range []string{host, host + "/", "http://" + host, "http://" + host + "/"} {
		d := &daemon{address: address}
		if body, err := d.call(t.Context(), http.MethodGet, "/api/queries"); err != nil || string(body) != "/api/queries" {
			t.Errorf("%s: %s, %v", address, body, err)
		}
	}
}

func TestAStatusWithoutQueriesSaysWhyWhereTheDaemonKnows(t *testing.T) {
	for want, ready := range map[string]error{
		"is a Spark driver running":   nil,
		"no broker can be reached: b": errors.New("the daemon refused: no broker can be reached: b:9092"),
	} {
		var out strings.Builder
		if err := printQueries(&out, []byte("[]"), func() error { return ready }); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%q, %v", out.String(), err)
		}
	}
}
