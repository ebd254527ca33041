// Package tuning gives every rule of policy/rules its parameters: the same
// search, with the same budget, on the training workloads of env/sim. The
// program beneath (bench/tuning/rules, `make tune-rules`) runs it and writes
// policy/rules/parameters.json.
//
// # Model
//
// A cell is one simulated driver: one query, or several that share it, for some
// minutes. Two in three are drawn by sim.TypicalDriver, the others by
// sim.RandomDriver, and rules that look at forecasts see those of the ensemble:
// all as where the policy's lines are searched (agent/pretrain) and where all
// are judged (bench/tournament). A rule is judged on a cell by the mean over
// the cell's queries of the logarithm of its cost over that of the waiting-cost
// rule at 0.6 on the same arrivals and the same noise, and on many by the mean
// over cells: the logarithm of a geometric mean. Cells are drawn in turn from
// the kinds of query that a rule is meant for (Entry.Meant). Blind and sighted,
// single and shared queries have one set of values, but for the parameters that
// a rule itself splits by what it sees.
//
// The search is random first, on a quarter of the cells, then a (1+4) evolution
// strategy with the one-fifth success rule from the best of them, on all.
// Candidates meet the same cells (common random numbers). What is made small is
// the mean over cells of those logarithms, but one beyond 0.2 counts by its own
// logarithm, so that no few cells outvote the rest. Cells in which a hair's
// difference decides (Cell.Calm), most of them overloaded, are drawn anew. What
// is reported is the plain geometric mean, on the cells searched and on others.
//
// # Caveats
//
// A rule held to ladder steps takes the values of the same rule acting
// outright. The real traces of bench/traces are never read: what is tuned here
// is judged there.
package tuning
