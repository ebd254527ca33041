package configs

import (
	"crypto/sha256"
	_ "embed" // the default file
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is rubato.yaml: every field with its default and a comment.
//
//go:embed rubato.yaml
var File []byte

// Config is a whole configuration.
type Config struct {
	Kafka    Kafka    `yaml:"kafka"`
	HTTP     HTTP     `yaml:"http"`
	Store    Store    `yaml:"store"`
	Decision Decision `yaml:"decision"`
	Log      Log      `yaml:"log"`
	// Seed seeds exploration, and which steps are learnt from again.
	Seed uint64 `yaml:"seed"`
	// Groups in order; the last one matches every query.
	Groups []Group `yaml:"groups"`

	// Blank tells of a file without any key.
	Blank bool `yaml:"-"`
	// Warnings are not mistakes, but ought to be read.
	Warnings []string `yaml:"-"`
	// Secrets come from the environment alone. They are no part of the
	// effective configuration, which is journalled.
	Secrets Secrets `yaml:"-"`
}

// Secrets are what the environment gives in place of a file.
type Secrets struct {
	// SASLPassword stands in for kafka.sasl.password_file, Keys for
	// kafka.keys_file.
	SASLPassword, Keys Secret
}

// Secret is a text that is never printed.
type Secret string

// String tells only whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Kafka says where metrics and decisions travel.
type Kafka struct {
	// Brokers, host:port; none starts the embedded broker.
	Brokers []string `yaml:"brokers"`
	// Prefix of the topics.
	Prefix string `yaml:"prefix"`
	// Listen and Data are the embedded broker's address and folder.
	Listen string `yaml:"listen"`
	Data   string `yaml:"data"`
	// Protocol is Kafka's security.protocol; TLS and SASL are what it needs.
	Protocol string `yaml:"protocol"`
	TLS      TLS    `yaml:"tls"`
	SASL     SASL   `yaml:"sasl"`
	// KeysFile holds the keys that commands are signed with; see
	// internal/signing.
	KeysFile string `yaml:"keys_file"`
}

// TLS names PEM files; empty means the system's authorities, and no
// certificate of our own.
type TLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// SASL says how to log in.
type SASL struct {
	Mechanism    string `yaml:"mechanism"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
}

// ListenPort is the embedded broker's port; it listens on loopback alone.
func (k Kafka) ListenPort() (int, error) {
	_, port, err := net.SplitHostPort(k.Listen)
	if err != nil {
		return 0, fmt.Errorf("kafka.listen: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0, fmt.Errorf("kafka.listen: port %q: %w", port, err)
	}
	return n, nil
}

// HTTP is the interface for people and for Prometheus.
type HTTP struct {
	Listen string `yaml:"listen"`
}

// Store says where state is kept.
type Store struct {
	Checkpoints string `yaml:"checkpoints"`
	Journal     string `yaml:"journal"`
	// JournalMax caps the journal's file.
	JournalMax Size `yaml:"journal_max"`
	// Keep is how many checkpoints are kept, Every the time between them.
	Keep  int           `yaml:"keep"`
	Every time.Duration `yaml:"every"`
}

// Decision sets the pace.
type Decision struct {
	// Period is the time between decisions inside a wait, Lease how long a
	// command holds unless it is renewed.
	Period time.Duration `yaml:"period"`
	Lease  time.Duration `yaml:"lease"`
}

// Log is the daemon's own log.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Group is what is asked of the queries that its patterns match.
type Group struct {
	Name string `yaml:"name"`
	// Match holds patterns of query keys: * stands for any text, ? for one
	// character.
	Match []string `yaml:"match"`
	// Mode is observe, learn or serve; Policy "learned" or a rule's name.
	Mode   string `yaml:"mode"`
	Policy string `yaml:"policy"`
	// Artefact is a frozen policy's file.
	Artefact string `yaml:"artefact,omitempty"`
	// Profile names weights; Weights give them one by one instead, those left out
	// as balanced has them.
	Profile string   `yaml:"profile,omitempty"`
	Weights *Weights `yaml:"weights,omitempty"`
	Bounds  Bounds   `yaml:"bounds"`
	// Target is the latency target, 0 for none; Grace the time to work a
	// backlog off that is not yet a debt.
	Target time.Duration `yaml:"target"`
	Grace  time.Duration `yaml:"grace"`
	// FullBatch prices small files: a batch counts as one where it has hardly
	// any events, as a tenth of one from so many on; 0 for all alike.
	FullBatch float64 `yaml:"full_batch"`
	// Sources overrides what the job says of its sources.
	Sources Sources `yaml:"sources"`
}

// Weights price the components of the cost; see env.Weights.
type Weights struct {
	Latency float64 `yaml:"latency"`
	Empty   float64 `yaml:"empty"`
	Batch   float64 `yaml:"batch"`
	Backlog float64 `yaml:"backlog"`
	Miss    float64 `yaml:"miss"`
	Switch  float64 `yaml:"switch"`
}

// Bounds of the intervals that may be commanded.
type Bounds struct {
	Min Bound `yaml:"min"`
	Max Bound `yaml:"max"`
}

// Sources says what the job's own options do not tell.
type Sources struct {
	// Brokers hold the sources' topics; none means those that the job names,
	// else the tuner's.
	Brokers []string `yaml:"brokers"`
	// MaxOffsets and MinOffsets stand in for the job's maxOffsetsPerTrigger and
	// minOffsetsPerTrigger; 0 takes the job's.
	MaxOffsets float64 `yaml:"max_offsets_per_trigger"`
	MinOffsets float64 `yaml:"min_offsets_per_trigger"`
}

// balanced are the weights of a group that names none.
var balanced = Weights{Latency: 1, Empty: 0.3, Batch: 0.3, Miss: 1}

// profiles are the named weights: prices of a batch and of an empty trigger in
// seconds of mean delay.
var profiles = []struct {
	name    string
	weights Weights
}{
	{"latency", Weights{Latency: 1, Empty: 0.1, Batch: 0.1, Miss: 1}},
	{"balanced", balanced},
	{"thrifty", Weights{Latency: 1, Empty: 3, Batch: 3, Miss: 1}},
}

// Profiles are the names that weights go by, the dearest delay first.
func Profiles() (names []string) {
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// Resolved are a group's settings for a query, in plain values. Min is above Max
// where an absolute bound and a multiple of the query's interval cross.
type Resolved struct {
	Min, Max               time.Duration
	Weights                Weights
	Target, Grace          time.Duration
	FullBatch              float64
	Brokers                []string
	MaxOffsets, MinOffsets float64
}

// Resolve gives the settings for a query whose job configured an interval.
func (g *Group) Resolve(configured time.Duration) Resolved {
	var w Weights
	if g.Weights != nil {
		w = *g.Weights
	} else if i := slices.Index(Profiles(), g.Profile); i >= 0 {
		w = profiles[i].weights
	}
	return Resolved{
		Min: max(g.Bounds.Min.Of(configured), time.Millisecond), Max: max(g.Bounds.Max.Of(configured), time.Millisecond), Weights: w,
		Target: g.Target, Grace: g.Grace, FullBatch: g.FullBatch, Brokers: g.Sources.Brokers,
		MaxOffsets: g.Sources.MaxOffsets, MinOffsets: g.Sources.MinOffsets,
	}
}

// Match returns the index of the group that a query's key belongs to.
func (c *Config) Match(key string) int {
	for i, g := range c.Groups {
		for _, p := range g.Match {
			if glob(p, key) {
				return i
			}
		}
	}
	return len(c.Groups) - 1
}

// glob matches text against a pattern of * and ?. At a mismatch it goes back to
// the last star alone, so that no pattern takes exponential time.
func glob(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Default is the configuration of an empty file.
func Default() *Config {
	return &Config{
		Kafka: Kafka{
			Brokers: []string{}, Prefix: "rubato", Listen: "127.0.0.1:9092", Data: ".rubato/broker",
			Protocol: "PLAINTEXT", SASL: SASL{Mechanism: "SCRAM-SHA-512"},
		},
		HTTP: HTTP{Listen: "127.0.0.1:8765"},
		Store: Store{
			Checkpoints: ".rubato/checkpoints.db", Journal: ".rubato/journal.db",
			JournalMax: 1 << 30, Keep: 5, Every: time.Minute,
		},
		Decision: Decision{Period: 200 * time.Millisecond, Lease: 10 * time.Second},
		Log:      Log{Level: "info", Format: "console"},
		Seed:     1,
		Groups:   []Group{defaultGroup()},
	}
}

// defaultName is that of the group that ends the list where none of the file's
// matches every query.
const defaultName = "default"

// defaultGroup is the group that every query falls to at last; a group of the
// file starts from it too.
func defaultGroup() Group {
	return Group{
		Name: defaultName, Match: []string{"*"}, Mode: "observe", Policy: "learned", Profile: "balanced",
		Bounds:  Bounds{Min: Bound{Times: 0.1}, Max: Bound{Times: 5}},
		Grace:   10 * time.Second,
		Sources: Sources{Brokers: []string{}},
	}
}

// Effective is the configuration's canonical YAML: equal configurations give
// equal bytes, and Parse reads it back.
func (c *Config) Effective() ([]byte, error) {
	b, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing the effective configuration: %w", err)
	}
	return b, nil
}

// Hash names the effective configuration: twelve hex digits of its SHA-256.
func (c *Config) Hash() string {
	b, err := c.Effective()
	if err != nil {
		return "unknown"
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
