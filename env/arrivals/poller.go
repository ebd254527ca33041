package arrivals

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

const (
	// refresh is how long the knowledge of who leads what is kept. It is asked
	// anew, a second apart at most, while something in it is missing or was
	// refused.
	refresh = 30 * time.Second
	// clientID is told to the brokers.
	clientID = "rubato-arrivals"
	// connectWithin bounds the making of a connection, which may take several polls:
	// a broker some way off is many round trips from its first answer.
	connectWithin = 2 * time.Second
	// tooLate is how many polls in a row may end without an answer before a set's
	// connections are made anew.
	tooLate = 20
)

// Options set a Poller up.
type Options struct {
	// TLS and SASL, for the broker sets of which Secured holds for every
	// address; nil means for all. The others are spoken to without: a job's own
	// word must not send a password anywhere.
	TLS     *tls.Config
	SASL    sasl.Mechanism
	Secured func(address string) bool
	// Now reads the clock; nil means time.Now.
	Now func() time.Time
	Log zerolog.Logger
}

// Poller asks brokers for end offsets. It is not safe for concurrent use.
type Poller struct {
	opts     Options
	clusters map[string]*cluster
}

// cluster is one broker set, its connections, and its layout.
type cluster struct {
	name      string
	addr      net.Addr
	transport *kafka.Transport
	topics    []string
	layout    layout
	known     time.Time
	failing   bool
	late      int // polls that ended without an answer since the last
}

// New returns a Poller; it connects at its first Poll.
func New(o Options) *Poller {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Poller{opts: o, clusters: make(map[string]*cluster)}
}

// Poll asks every broker set, side by side, and returns a sample of each that
// answered within that time, sorted by set. Connections to sets no longer wanted
// are closed.
func (p *Poller) Poll(ctx context.Context, within time.Duration, wanted []Wanted) []Sample {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	clusters := p.arrange(wanted)
	samples := make([]*Sample, len(clusters))
	failures := make([]error, len(clusters))
	var wg sync.WaitGroup
	for i, c := range clusters {
		wg.Go(func() { samples[i], failures[i] = p.ask(ctx, c) })
	}
	wg.Wait()
	p.tell(clusters, failures)
	var out []Sample
	for _, s := range samples {
		if s != nil {
			out = append(out, *s)
		}
	}
	return out
}

// arrange makes the clusters fit what is wanted, in the order of their names.
func (p *Poller) arrange(wanted []Wanted) []*cluster {
	topics := make(map[string][]string)
	for _, w := range wanted {
		if name := Set(w.Brokers); name != "" && len(w.Topics) > 0 {
			topics[name] = append(topics[name], w.Topics...)
		}
	}
	for name, c := range p.clusters {
		if topics[name] == nil {
			c.close()
			delete(p.clusters, name)
		}
	}
	var out []*cluster
	for name, list := range topics {
		slices.Sort(list)
		list = slices.Compact(list)
		c := p.clusters[name]
		if c == nil {
			c = &cluster{name: name, addr: kafka.TCP(strings.Split(name, ",")...)}
			p.clusters[name] = c
		}
		if !slices.Equal(c.topics, list) {
			c.topics, c.known = list, time.Time{}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *cluster) int { return cmp.Compare(a.name, b.name) })
	return out
}

// ask polls one broker set. After an error it starts with new connections next
// time; where brokers did not answer in time, not before tooLate such polls.
func (p *Poller) ask(ctx context.Context, c *cluster) (*Sample, error) {
	if c.transport == nil {
		c.transport = &kafka.Transport{
			ClientID:    clientID,
			DialTimeout: connectWithin, MetadataTTL: refresh,
			// The library's own metadata needs the brokers and no topic.
			MetadataTopics: []string{},
		}
		if p.secured(c.name) {
			c.transport.TLS, c.transport.SASL = p.opts.TLS, p.opts.SASL
		}
	}
	now := p.opts.Now()
	age := now.Sub(c.known)
	if c.known.IsZero() || age >= refresh || (c.layout.partial && age >= time.Second) {
		l, err := askLayout(ctx, c.transport, c.addr, c.topics)
		if err != nil {
			c.failed(err)
			return nil, err
		}
		c.layout, c.known = l, now
	}
	ends, refused, err := c.offsets(ctx)
	if err != nil {
		c.failed(err)
	} else {
		c.late = 0
	}
	c.layout.partial = c.layout.partial || refused > 0
	if len(ends) == 0 && err != nil {
		return nil, err
	}
	return sample(c.name, ends), err
}

// secured tells whether a broker set is spoken to by TLS and SASL.
func (p *Poller) secured(set string) bool {
	for address := range strings.SplitSeq(set, ",") {
		if p.opts.Secured != nil && !p.opts.Secured(address) {
			return false
		}
	}
	return true
}

// offsets asks each leader once, side by side. What some answered is returned
// beside the errors of the others.
func (c *cluster) offsets(ctx context.Context) (ends []end, refused int, err error) {
	type answer struct {
		ends    []end
		refused int
		err     error
	}
	answers := make([]answer, len(c.layout.leaders))
	var wg sync.WaitGroup
	for i, l := range c.layout.leaders {
		wg.Go(func() {
			a := &answers[i]
			a.ends, a.refused, a.err = askOffsets(ctx, c.transport, c.addr, l)
		})
	}
	wg.Wait()
	for _, a := range answers {
		ends, refused, err = append(ends, a.ends...), refused+a.refused, errors.Join(err, a.err)
	}
	return ends, refused, err
}

// sample puts the answers in canonical order.
func sample(name string, ends []end) *Sample {
	slices.SortFunc(ends, func(a, b end) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	s := &Sample{V: 1, Brokers: name, Topics: []Topic{}}
	for _, e := range ends {
		if n := len(s.Topics); n == 0 || s.Topics[n-1].Name != e.topic {
			s.Topics = append(s.Topics, Topic{Name: e.topic})
		}
		t := &s.Topics[len(s.Topics)-1]
		t.Partitions = append(t.Partitions, Partition{ID: e.partition, End: e.offset})
	}
	return s
}

// tell names a failure as it begins and as it ends.
func (p *Poller) tell(clusters []*cluster, failures []error) {
	for i, c := range clusters {
		err := failures[i]
		switch {
		case err != nil && !c.failing:
			p.opts.Log.Warn().Err(err).Str("brokers", c.name).Msg("end offsets cannot be had; arrivals are estimated from progress")
		case err == nil && c.failing:
			p.opts.Log.Info().Str("brokers", c.name).Msg("end offsets are had again")
		}
		c.failing = err != nil
	}
}

// Close closes every connection. No Poll may run or follow.
func (p *Poller) Close() {
	for _, c := range p.clusters {
		c.close()
	}
	p.clusters = nil
}

// failed closes the connections where waiting for them is of no use.
func (c *cluster) failed(err error) {
	if c.late++; errors.Is(err, context.DeadlineExceeded) && c.late < tooLate {
		return
	}
	c.close()
}

// close drops the connections and what they told; the next ask starts anew.
func (c *cluster) close() {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
	c.transport, c.layout, c.known, c.late = nil, layout{}, time.Time{}, 0
}
