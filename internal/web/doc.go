// Package web is the tuner's HTTP server: health, metrics, and the API that
// the command line and an operator use.
//
// # Model
//
//	GET  /                           links to the rest
//	GET  /-/healthy                  200 while the process runs
//	GET  /-/ready                    200 when decisions are made, 503 with the reason before
//	POST /-/reload                   loads the configuration; 400 with every mistake, a line each
//	GET  /metrics                    Prometheus
//	GET  /api/version                the version that runs
//	GET  /api/queries                the live queries
//	POST /api/queries/{key}/hold     keeps a query on its configured interval
//	POST /api/queries/{key}/release  lets it be tuned again
//
// Answers are JSON, errors too ({"error": "..."}), except the metrics. A {key}
// is a query key with every reserved character escaped once more
// (url.PathEscape); a key that was pasted in as it is shown is understood as
// well. A POST that comes while the tuner stops is answered with 503.
//
// # Caveats
//
// There is no authentication: listen on the loopback interface, or put a proxy
// in front. Requests that a browser makes on behalf of another site are
// refused unless they only read.
package web
