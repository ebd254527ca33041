package configs

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// environmentLine stands for a line in the environment: after all others.
const environmentLine = math.MaxInt

// at names a key and where it was given. What could not be read at all, there
// or below, was named already.
func (r *reader) at(key, format string, args ...any) {
	for _, m := range r.mistakes {
		if rest, ok := strings.CutPrefix(m.Key, key); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return
		}
	}
	m := Mistake{Where: cmp.Or(r.file, "defaults"), Key: key, What: fmt.Sprintf(format, args...)}
	given, line := r.given(key)
	switch m.line = line; line {
	case 0:
	case environmentLine:
		m.Where, m.Key = "environment", variable(given)
	default:
		m.Where = fmt.Sprintf("%s:%d", r.file, line)
	}
	r.mistakes = append(r.mistakes, m)
}

// given finds where a key was given: by the environment, it or one below it, else
// in the file, it or the nearest above it; nowhere is line 0.
func (r *reader) given(key string) (string, int) {
	for _, k := range slices.Sorted(maps.Keys(r.lines)) {
		if r.lines[k] == environmentLine && (k == key || strings.HasPrefix(k, key+".")) {
			return k, environmentLine
		}
	}
	for k := key; k != ""; k = parent(k) {
		if line, ok := r.lines[k]; ok {
			return k, line
		}
	}
	return key, 0
}

// by names the environment variable that gave a key, in brackets; what the file
// gave needs no name.
func (r *reader) by(key string) string {
	if r.lines[key] == environmentLine {
		return " (" + variable(key) + ")"
	}
	return ""
}

func parent(key string) string {
	if i := strings.LastIndexAny(key, ".["); i > 0 {
		return key[:i]
	}
	return ""
}

// validate checks what types alone do not tell.
func (r *reader) validate(c *Config, known Known) {
	r.brokers("kafka.brokers", c.Kafka.Brokers)
	r.topicPrefix("kafka.prefix", c.Kafka.Prefix)
	r.loopback("kafka.listen", c.Kafka.Listen)
	r.address("http.listen", c.HTTP.Listen)
	r.filled("kafka.data", c.Kafka.Data)
	r.security(c)
	r.filled("store.checkpoints", c.Store.Checkpoints)
	r.filled("store.journal", c.Store.Journal)
	r.within("store.journal_max", c.Store.JournalMax, 8<<20, 1<<40)
	r.within("store.keep", c.Store.Keep, 1, 1000)
	r.within("store.every", c.Store.Every, time.Second, 24*time.Hour)
	r.within("decision.period", c.Decision.Period, 50*time.Millisecond, 10*time.Second)
	r.within("decision.lease", c.Decision.Lease, time.Second, time.Hour)
	r.oneOf("log.level", c.Log.Level, "trace", "debug", "info", "warn", "error")
	r.oneOf("log.format", c.Log.Format, "console", "json")
	names := map[string]bool{}
	for i := range c.Groups {
		key := fmt.Sprintf("groups[%d]", i)
		r.group(key, &c.Groups[i], known, names)
		if i < len(c.Groups)-1 && slices.Contains(c.Groups[i].Match, "*") {
			r.at(key+".match", "matches every query, so that no group after it is ever used: put it last")
		}
	}
}

// agree checks that fields fit one another.
func (r *reader) agree(c *Config) {
	c.Warnings = append(c.Warnings, unreached(c.Groups)...)
	if c.Store.Journal != "" && Place(c.Store.Journal) == Place(c.Store.Checkpoints) {
		r.at("store.journal", "is the same file as store.checkpoints%s: want two", r.by("store.checkpoints"))
	}
	if len(c.Kafka.Brokers) == 0 && samePort(c.Kafka.Listen, c.HTTP.Listen) {
		r.at("http.listen", "%q: the embedded broker listens there too (kafka.listen%s): want another port", c.HTTP.Listen, r.by("kafka.listen"))
	}
	if c.Decision.Lease < 2*c.Decision.Period {
		r.at("decision.lease", "%v is below twice decision.period (%v%s): commands would run out before they are renewed",
			c.Decision.Lease, c.Decision.Period, r.by("decision.period"))
	}
}

// unreached warns of groups that no query can fall to: each of their patterns is
// covered by one of a group above.
func unreached(groups []Group) (warnings []string) {
	var above []string
	for _, g := range groups {
		free := slices.ContainsFunc(g.Match, func(pattern string) bool {
			return !slices.ContainsFunc(above, func(p string) bool { return covers(p, pattern) })
		})
		if !free && g.Name != defaultName {
			warnings = append(warnings, fmt.Sprintf("group %q is never used: groups above it match all that it does", g.Name))
		}
		above = append(above, g.Match...)
	}
	return warnings
}

// covers tells, of one pattern, whether it matches all that another does: the other
// as text, and where its stars stand for nothing.
func covers(pattern, other string) bool {
	return glob(pattern, other) && glob(pattern, strings.ReplaceAll(other, "*", ""))
}

// Place is where a path leads, its links followed as far as there are any.
func Place(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return filepath.Clean(path)
}

// samePort tells whether an address takes the port of one on loopback.
func samePort(loopback, address string) bool {
	_, one, _ := net.SplitHostPort(loopback)
	host, other, _ := net.SplitHostPort(address)
	return one != "" && one != "0" && one == other && slices.Contains([]string{"localhost", "127.0.0.1", "0.0.0.0", "::"}, host)
}

func (r *reader) group(key string, g *Group, known Known, names map[string]bool) {
	switch {
	case g.Name == "":
		r.at(key+".name", "is missing: each group wants a name of its own")
	case g.Name == defaultName && !slices.Contains(g.Match, "*"):
		r.at(key+".name", "%q is the name of the last group, which matches every query: want another name, or match [\"*\"]", g.Name)
	case names[g.Name]:
		r.at(key+".name", "%q is the name of a group above too", g.Name)
	default:
		names[g.Name] = true
	}
	if len(g.Match) == 0 {
		r.at(key+".match", "is missing: want patterns of query keys, such as [\"app/*\"]")
	}
	r.oneOf(key+".mode", g.Mode, "observe", "learn", "serve")
	if !slices.Contains(known.Policies, g.Policy) {
		r.at(key+".policy", "%q: want one of %s", g.Policy, strings.Join(known.Policies, ", "))
	}
	if g.Mode == "serve" && g.Policy == "learned" && g.Artefact == "" {
		r.at(key+".artefact", "is missing: serve mode loads a frozen policy (see `rubato freeze`)")
	}
	r.prices(key, g)
	r.bounds(key+".bounds", g.Bounds)
	r.within(key+".target", g.Target, 0, 24*time.Hour)
	r.within(key+".grace", g.Grace, time.Millisecond, 24*time.Hour)
	r.within(key+".full_batch", g.FullBatch, 0, 1e12)
	r.brokers(key+".sources.brokers", g.Sources.Brokers)
	r.within(key+".sources.max_offsets_per_trigger", g.Sources.MaxOffsets, 0, 1e12)
	r.within(key+".sources.min_offsets_per_trigger", g.Sources.MinOffsets, 0, 1e12)
}

// prices checks profile and weights; a group that names neither is balanced.
func (r *reader) prices(key string, g *Group) {
	switch {
	case g.Profile != "" && g.Weights != nil:
		r.at(key+".weights", "are given beside a profile: want one of the two")
		return
	case g.Weights == nil:
		g.Profile = cmp.Or(g.Profile, "balanced")
		r.oneOf(key+".profile", g.Profile, Profiles()...)
		return
	}
	w := g.Weights
	for _, f := range []struct {
		name  string
		value float64
	}{{"latency", w.Latency}, {"empty", w.Empty}, {"batch", w.Batch}, {"backlog", w.Backlog}, {"miss", w.Miss}, {"switch", w.Switch}} {
		r.within(key+".weights."+f.name, f.value, 0, 1e6)
	}
	if w.Latency == 0 && w.Miss == 0 && w.Backlog == 0 {
		r.at(key+".weights", "price no delay at all: want latency, miss or backlog above 0")
	}
}

func (r *reader) bounds(key string, b Bounds) {
	lo, hi := b.Min, b.Max
	if (lo.Times > 0 && hi.Times > 0 && lo.Times > hi.Times) ||
		(lo.Times == 0 && hi.Times == 0 && lo.Absolute > hi.Absolute) {
		r.at(key+".min", "%v is above the max of %v", lo, hi)
	}
}

func (r *reader) oneOf(key, value string, allowed ...string) {
	if slices.Contains(allowed, value) {
		return
	}
	hint := ""
	if near := nearest(value, allowed); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	r.at(key, "%q: want one of %s%s", value, strings.Join(allowed, ", "), hint)
}

func (r *reader) within(key string, value, lo, hi any) {
	below, above := false, false
	switch v := value.(type) {
	case time.Duration:
		below, above = v < asDuration(lo), v > asDuration(hi)
		lo, hi = asDuration(lo), asDuration(hi)
	case Size:
		lo, hi = Size(lo.(int)), Size(hi.(int))
		below, above = v < lo.(Size), v > hi.(Size)
	case int:
		below, above = v < lo.(int), v > hi.(int)
	case float64:
		below, above = v < asFloat(lo), v > asFloat(hi)
	}
	if below || above {
		r.at(key, "%v is out of bounds: %v to %v", value, lo, hi)
	}
}

func asDuration(v any) time.Duration {
	if n, ok := v.(int); ok {
		return time.Duration(n)
	}
	return v.(time.Duration)
}

func asFloat(v any) float64 {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v.(float64)
}

func (r *reader) filled(key, value string) {
	if value == "" {
		r.at(key, "is empty")
	}
}

func (r *reader) brokers(key string, list []string) {
	for i, b := range list {
		r.address(fmt.Sprintf("%s[%d]", key, i), b)
	}
}

func (r *reader) address(key, value string) {
	host, port, err := net.SplitHostPort(value)
	n, numeric := strconv.Atoi(port)
	if err != nil || host == "" || numeric != nil || n < 0 || n > 65535 {
		r.at(key, "%q: want host:port", value)
	}
}

// loopback holds the embedded broker to this machine: it asks for no password.
func (r *reader) loopback(key, value string) {
	host, _, err := net.SplitHostPort(value)
	if err != nil {
		r.address(key, value)
		return
	}
	if host != "localhost" && host != "127.0.0.1" {
		r.at(key, "%q: the embedded broker listens on 127.0.0.1 alone: want 127.0.0.1:port", value)
		return
	}
	r.address(key, value)
}

// topicPrefix checks what Kafka allows in a topic's name.
func (r *reader) topicPrefix(key, value string) {
	ok := value != "" && len(value) <= 200
	for _, c := range value {
		ok = ok && (c == '.' || c == '_' || c == '-' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
	}
	if !ok {
		r.at(key, "%q: want letters, digits, dots, dashes and underscores, 200 at most", value)
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
