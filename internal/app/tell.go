package app

import (
	"time"

	"rubato/env"
	"rubato/env/spark"
)

// told is what the log last said of a query.
type told struct {
	run       env.RunID
	why       string
	commanded bool
}

// tell logs, once each, that a query came, is left alone and why, is managed,
// is no longer, or went. It looks once a second: what lasts less is not told.
func (a *App) tell(queries []spark.Snapshot) {
	live := map[env.QueryKey]bool{}
	for i := range queries {
		if q := &queries[i]; q.State != spark.Gone {
			live[q.Query] = true
			a.tellOf(q)
		}
	}
	for k := range a.told {
		if !live[k] {
			delete(a.told, k)
			a.log.Info().Str("query", string(k)).Msg("query is gone")
		}
	}
}

func (a *App) tellOf(q *spark.Snapshot) {
	was, known := a.told[q.Query]
	now := told{run: q.Run, why: q.Why, commanded: q.CommandedMs > 0}
	a.told[q.Query] = now
	name := string(q.Query)
	if !known || was.run != now.run {
		g := &a.core.cfg.Groups[a.core.cfg.Match(name)]
		a.log.Info().Str("query", name).Str("run", string(q.Run)).Str("spark", q.SparkVersion).
			Stringer("configured", ms(q.ConfiguredMs)).Str("group", g.Name).Str("mode", g.Mode).Msg("query is here")
	}
	switch {
	case now.why != "" && now.why != was.why:
		a.log.Warn().Str("query", name).Str("why", now.why).Msg("query is left alone")
	case now.why == "" && was.why != "":
		a.log.Info().Str("query", name).Msg("query is left alone no longer")
	}
	switch {
	case now.commanded && !was.commanded:
		a.log.Info().Str("query", name).Stringer("interval", ms(q.CommandedMs)).
			Str("policy", a.tally.query(q.Query).Policy).Msg("query is managed")
	case !now.commanded && was.commanded && now.why == "":
		a.log.Info().Str("query", name).Stringer("configured", ms(q.ConfiguredMs)).Bool("held", a.core.loop.Held(q.Query)).
			Msg("query is back on its configured interval")
	}
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
