package agent

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"rubato/agent/threshold"
	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// ErrState says that a stored state does not fit together.
var ErrState = errors.New("stored learner state is damaged")

type loopState struct {
	Index   uint64       `json:"index"`
	Groups  []groupState `json:"groups"`  // by name; those that have a learner, gone ones too
	Queries []queryState `json:"queries"` // by key
}

type groupState struct {
	Name    string        `json:"name"`
	Learner learnerState  `json:"learner"`
	Search  searcherState `json:"tuner"`
}

// learnerState holds numbers in bulk as little-endian bytes.
type learnerState struct {
	Rate     float64        `json:"rate"`
	Network  []byte         `json:"network"`
	M        []byte         `json:"m"`
	V        []byte         `json:"v"`
	AdamStep int            `json:"adamStep"`
	Scale    returnScale    `json:"scale"`
	Unit     float64        `json:"unit"`
	RNG      []byte         `json:"rng"`
	Steps    uint64         `json:"steps"`
	Ring     []byte         `json:"ring"`
	Next     int            `json:"next"`
	Fresh    []byte         `json:"fresh"`
	InFlight *inFlightState `json:"inFlight"`
	Status   LearnerStatus  `json:"status"`
}

type inFlightState struct {
	Due    uint64   `json:"due"`
	Scale  float64  `json:"scale"`
	Rounds [][]byte `json:"rounds"`
}

type queryState struct {
	Key        env.QueryKey       `json:"key"`
	Held       bool               `json:"held"`
	Shield     policy.ShieldState `json:"shield"`
	Building   []byte             `json:"building"`
	Pending    []byte             `json:"pending"`
	Scale      float64            `json:"scale"`
	Discounted float64            `json:"discounted"`
	// The threshold's; the record is of learn mode only.
	Shift  float64  `json:"shift"`
	Record []byte   `json:"record"`
	Next   env.Time `json:"next"`
}

// State encodes all that a checkpoint needs, canonically. It waits for
// nothing: an update in flight is stored as what it was made from.
func (l *Loop) State() ([]byte, error) {
	st := loopState{Index: l.index}
	for _, g := range l.kept() {
		if g.learner == nil {
			continue
		}
		s, err := g.learner.state()
		if err != nil {
			return nil, fmt.Errorf("save group %q: %w", g.cfg.Name, err)
		}
		u, err := g.searcher.state()
		if err != nil {
			return nil, fmt.Errorf("save group %q: %w", g.cfg.Name, err)
		}
		st.Groups = append(st.Groups, groupState{g.cfg.Name, s, u})
	}
	slices.SortFunc(st.Groups, func(a, b groupState) int { return cmp.Compare(a.Name, b.Name) })
	for key, q := range l.queries {
		s := queryState{
			Key: key, Held: q.held, Shield: q.shield, Scale: q.traj.scale, Discounted: q.traj.ret,
			Shift: q.tuned.shift, Next: q.tuned.next,
		}
		if q.tuned.record.Begun() {
			s.Record = q.tuned.record.Append(nil)
		}
		if len(q.traj.building.steps) > 0 {
			s.Building = q.traj.building.append(nil)
		}
		if q.traj.pending != nil {
			s.Pending = q.traj.pending.append(nil)
		}
		st.Queries = append(st.Queries, s)
	}
	slices.SortFunc(st.Queries, func(a, b queryState) int { return cmp.Compare(a.Key, b.Key) })
	b, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("save loop: %w", err)
	}
	return b, nil
}

func (l *learner) state() (learnerState, error) {
	network, err := l.net.MarshalBinary()
	if err != nil {
		return learnerState{}, fmt.Errorf("save network: %w", err)
	}
	rng, err := l.pcg.MarshalBinary()
	if err != nil {
		return learnerState{}, fmt.Errorf("save random generator: %w", err)
	}
	s := learnerState{
		Rate: l.rate, Network: network, M: appendFloats(l.adam.M), V: appendFloats(l.adam.V), AdamStep: l.adam.Step,
		Scale: l.scale, Unit: l.unit, RNG: rng, Steps: l.steps, Ring: encodeChunks(l.ring), Next: l.next,
		Fresh: encodeChunks(l.fresh), Status: l.status,
	}
	if j := l.inFlight; j != nil {
		s.InFlight = &inFlightState{Due: j.due, Scale: j.scale}
		for _, r := range j.rounds {
			s.InFlight.Rounds = append(s.InFlight.Rounds, encodeChunks(r.chunks))
		}
	}
	return s, nil
}

// Restore continues from what State encoded. The loop must be configured with
// the same groups; learners of others are kept as of groups that are gone. An
// update that was in flight is started again.
func (l *Loop) Restore(b []byte) error {
	var st loopState
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("restore loop: %w: %w", ErrState, err)
	}
	restored := map[string]*group{}
	for _, gs := range st.Groups {
		g := &group{cfg: GroupConfig{Name: gs.Name}}
		var err error
		if g.learner, err = restoreLearner(gs.Learner); err != nil {
			return fmt.Errorf("restore group %q: %w", gs.Name, err)
		}
		if g.searcher, err = gs.Search.restore(); err != nil {
			return fmt.Errorf("restore group %q: %w", gs.Name, err)
		}
		restored[gs.Name] = g
	}
	queries := map[env.QueryKey]*query{}
	for _, qs := range st.Queries {
		q, err := restoreQuery(qs)
		if err != nil {
			return fmt.Errorf("restore query %q: %w", qs.Key, err)
		}
		q.group = l.groupOf(qs.Key)
		queries[qs.Key] = q
	}
	l.index, l.queries = st.Index, queries
	for _, g := range restored {
		g.launch()
	}
	for _, g := range l.gone {
		g.close()
	}
	for _, g := range l.groups {
		if r := restored[g.cfg.Name]; r != nil {
			g.close()
			g.learner, g.searcher = r.learner, r.searcher
			delete(restored, g.cfg.Name)
		}
	}
	l.leave(restored)
	return nil
}

// launch starts again what was under way when the group was saved.
func (g *group) launch() {
	if j := g.learner.inFlight; j != nil {
		g.learner.launch(j)
	}
	if s := g.searcher.search; s != nil {
		g.searcher.launch(s)
	}
}

func restoreQuery(qs queryState) (*query, error) {
	q := &query{
		held: qs.Held, shield: qs.Shield, traj: trajectory{scale: qs.Scale, ret: qs.Discounted},
		tuned: tuned{shift: qs.Shift, next: qs.Next},
	}
	if len(qs.Record) > 0 {
		r, err := threshold.ReadRecord(qs.Record)
		if err != nil {
			return nil, fmt.Errorf("its arrivals: %w: %w", ErrState, err)
		}
		q.tuned.record = r
	}
	if len(qs.Building) > 0 {
		steps, rest, err := readSteps(qs.Building, env.NumFeatures)
		if err != nil || len(rest) > 0 {
			return nil, fmt.Errorf("its chunk: %w", ErrState)
		}
		q.traj.building.steps = steps
	}
	if len(qs.Pending) > 0 {
		t, rest, err := readTransition(qs.Pending, env.NumFeatures)
		if err != nil || len(rest) > 0 {
			return nil, fmt.Errorf("its last step: %w", ErrState)
		}
		q.traj.pending = &t
	}
	return q, nil
}

func restoreLearner(s learnerState) (*learner, error) {
	net, err := policy.DecodeNetwork(s.Network)
	if err != nil {
		return nil, err
	}
	n := net.Layout().Size()
	if !(s.Unit > 0) {
		return nil, fmt.Errorf("return scale %v: %w", s.Unit, ErrState)
	}
	if len(s.M) != 8*n || len(s.V) != 8*n || s.Next < 0 || s.Next >= ringChunks {
		return nil, fmt.Errorf("moments of %d and %d bytes for %d weights, ring at %d: %w", len(s.M), len(s.V), n, s.Next, ErrState)
	}
	l := &learner{
		rate: s.Rate, net: net,
		adam:  &train.Adam{M: readFloats(s.M), V: readFloats(s.V), Step: s.AdamStep},
		scale: s.Scale, unit: s.Unit, pcg: &rand.PCG{}, steps: s.Steps, next: s.Next, status: s.Status,
	}
	if err := l.pcg.UnmarshalBinary(s.RNG); err != nil {
		return nil, fmt.Errorf("random generator: %w: %w", ErrState, err)
	}
	l.rng = rand.New(l.pcg)
	if l.ring, err = decodeChunks(s.Ring, env.NumFeatures); err != nil {
		return nil, fmt.Errorf("ring: %w", err)
	}
	if l.fresh, err = decodeChunks(s.Fresh, env.NumFeatures); err != nil {
		return nil, fmt.Errorf("fresh steps: %w", err)
	}
	if len(l.ring) > ringChunks || len(l.fresh) > ringChunks {
		return nil, fmt.Errorf("%d and %d chunks: %w", len(l.ring), len(l.fresh), ErrState)
	}
	if s.InFlight == nil {
		return l, nil
	}
	l.inFlight = &job{due: s.InFlight.Due, scale: s.InFlight.Scale}
	for i, r := range s.InFlight.Rounds {
		chunks, err := decodeChunks(r, env.NumFeatures)
		if err != nil || len(chunks) == 0 || len(chunks) > 1+replayed {
			return nil, fmt.Errorf("round %d of the update in flight: %w", i, ErrState)
		}
		l.inFlight.rounds = append(l.inFlight.rounds, round{chunks})
	}
	return l, nil
}

func appendFloats(xs []float64) []byte {
	b := make([]byte, 0, 8*len(xs))
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

func readFloats(b []byte) []float64 {
	xs := make([]float64, len(b)/8)
	for i := range xs {
		xs[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return xs
}
