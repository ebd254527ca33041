package tournament

// Result is a whole tournament.
type Result struct {
	// Command made it; Policy is the ID of the artefact's network, "" for none.
	Command string `json:"command,omitempty"`
	Policy  string `json:"policy,omitempty"`
	// Seeds and Minutes are those of a cell; Minutes 0 means whole traces.
	Seeds   int     `json:"seeds"`
	Minutes float64 `json:"minutes"`
	Rows    []Row   `json:"rows"`
	// Summary has the figures of each group that has cells, ByTrace the same of
	// each trace (or workload) by itself.
	Summary Summaries            `json:"summary"`
	ByTrace map[string]Summaries `json:"byTrace"`
	Goals   []Goal               `json:"goals"`
	// Rules has, for each rival, the policy's cost over the rival's.
	Rules []RuleRatio `json:"rules"`
	// EqualTriggers compares latencies, where it was asked for.
	EqualTriggers *EqualTriggers `json:"equalTriggers,omitempty"`
}

// Row is one rival in one cell. Costs and rates are a second and query.
type Row struct {
	Trace   string `json:"trace"`
	Query   string `json:"query"`
	Weights string `json:"weights"`
	Rival   string `json:"rival"`
	Group   Group  `json:"group"`
	// CostRate and its 95 % interval over blocks of time.
	CostRate     Figure `json:"costRate"`
	CostRateLow  Figure `json:"costRateLow"`
	CostRateHigh Figure `json:"costRateHigh"`
	// Latencies of events, s.
	MeanLatencyS Figure `json:"meanLatencyS"`
	P95LatencyS  Figure `json:"p95LatencyS"`
	P99LatencyS  Figure `json:"p99LatencyS"`
	TriggersPerS Figure `json:"triggersPerS"`
	EmptiesPerS  Figure `json:"emptiesPerS"`
	BatchesPerS  Figure `json:"batchesPerS"`
	// OverridesShare is the share of decisions that the shield overrode; 0
	// for rules, which have no shield.
	OverridesShare Figure `json:"overridesShare"`
	// MissRate is the miss component: seconds of lateness a second, unweighted.
	MissRate Figure `json:"missRate"`
	// VsBestFixed is the cost over that of the best fixed interval in hindsight.
	VsBestFixed Figure `json:"vsBestFixed"`
	// Chosen tells what was picked in hindsight: an interval, a k.
	Chosen string `json:"chosen,omitempty"`
}

// Summaries are the figures of groups.
type Summaries map[Group]*Summary

// Summary are a group's figures: geometric means over its cells of the
// policy's cost over another's.
type Summary struct {
	Cells int `json:"cells"`
	// Rule is the rival that the goal table names for the group. VsRule is
	// the policy against it, with a 95 % interval; Worst is the greatest ratio
	// of a cell, WorstCell its name.
	Rule       string `json:"rule"`
	VsRule     Figure `json:"vsRule"`
	VsRuleLow  Figure `json:"vsRuleLow"`
	VsRuleHigh Figure `json:"vsRuleHigh"`
	Worst      Figure `json:"worst"`
	WorstCell  string `json:"worstCell"`
	// VsBestFixed is against the best fixed interval of each cell.
	VsBestFixed Figure `json:"vsBestFixed"`
	// GapClosed is the share of the way from the best fixed interval to the
	// clairvoyant, by geometric means of the cells that have one;
	// RuleGapClosed is the rule's.
	GapClosed     Figure `json:"gapClosed"`
	RuleGapClosed Figure `json:"ruleGapClosed"`
	// VsRuleHindsight is against the waiting-cost rule with the k best for
	// each cell; VsLinear against the linear threshold.
	VsRuleHindsight Figure `json:"vsRuleHindsight"`
	VsLinear        Figure `json:"vsLinear"`
	// ClairvoyantVsRule is the clairvoyant's cost over the rule's: no policy
	// can be below it.
	ClairvoyantVsRule Figure `json:"clairvoyantVsRule"`
	// MissRatio is the policy's lateness over the rule's, where a target is set.
	MissRatio Figure `json:"missRatio"`
}

// RuleRatio is the policy's cost over one rival's, by group, over all cells of
// queries that are alone on their driver, and over all cells.
type RuleRatio struct {
	Rival  string           `json:"rival"`
	Groups map[Group]Figure `json:"groups"`
	Single Figure           `json:"single"`
	All    Figure           `json:"all"`
	// Cells is how many cells have both.
	Cells int `json:"cells"`
}

// Goal is one line of the goal table. Low and High are the measured figure's
// 95 % interval where there is one.
type Goal struct {
	Figure   string `json:"figure"`
	Goal     string `json:"goal"`
	Measured Figure `json:"measured"`
	Low      Figure `json:"low"`
	High     Figure `json:"high"`
	// Met is "met", "missed", or "-" where nothing was measured.
	Met  string `json:"met"`
	Note string `json:"note,omitempty"`
}
