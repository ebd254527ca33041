package agent

import (
	"cmp"
	"math/rand/v2"

	"rubato/policy"
	"rubato/policy/train"
)

// learner is the policy of one group in the making. All of it but the worker
// is the loop's goroutine's.
type learner struct {
	rate  float64 // Adam's step size for the actor
	net   *policy.Network
	adam  *train.Adam
	scale returnScale
	unit  float64 // the return scale that net's critic speaks in
	pcg   *rand.PCG
	rng   *rand.Rand

	steps    uint64   // of the group, in learn mode
	ring     []*chunk // the last ringChunks, oldest at next once full
	next     int
	fresh    []*chunk // not yet learnt from, in order
	inFlight *job

	worker *worker
	status LearnerStatus
}

// LearnerStatus tells how learning goes. Updates, Late and Failed are over
// restarts; the rest is the last update's.
type LearnerStatus struct {
	// Updates took effect, Late of them after being put off, Failed did not.
	Updates uint64 `json:"updates"`
	Late    uint64 `json:"late"`
	Failed  uint64 `json:"failed"`
	// PolicyLoss and ValueLoss are means over the gradient steps; Entropy and
	// KL, nats, over the new steps: of the policy after, and from the one before.
	PolicyLoss float64 `json:"policyLoss"`
	ValueLoss  float64 `json:"valueLoss"`
	Entropy    float64 `json:"entropy"`
	KL         float64 `json:"kl"`
	// Err is why the last update that failed in this process did.
	Err error `json:"-"`
}

// newLearner starts from an artefact's policy.
func newLearner(rate float64, from *policy.Artefact, seed uint64) *learner {
	l := &learner{
		rate: cmp.Or(rate, DefaultActorRate), net: from.Network.Clone(),
		adam:  train.NewAdam(from.Network.Layout().Size()),
		scale: scaleFrom(from.ReturnScale), unit: from.ReturnScale,
		pcg: rand.NewPCG(seed, 0x5ca1ab1e),
	}
	l.rng = rand.New(l.pcg)
	return l
}

// begin opens the group's next step: the update that is due takes effect.
func (l *learner) begin(group string, late func(string, bool) bool) {
	l.steps++
	j := l.inFlight
	if j == nil || l.steps < j.due {
		return
	}
	if late != nil && late(group, closed(j.done)) {
		j.due += Delay
		l.status.Late++
		return
	}
	<-j.done
	l.inFlight = nil
	if j.out.err != nil {
		l.status.Failed++
		l.status.Err = j.out.err
		return
	}
	l.net, l.adam, l.unit = j.out.net, j.out.adam, j.scale
	l.status.Updates++
	l.status.PolicyLoss, l.status.ValueLoss = j.out.policy, j.out.value
	l.status.Entropy, l.status.KL = j.out.ent, j.out.kl
}

// take keeps a chunk for learning.
func (l *learner) take(c *chunk) {
	if len(l.fresh) == ringChunks {
		l.fresh = append(l.fresh[:0], l.fresh[1:]...)
	}
	l.fresh = append(l.fresh, c)
}

// end closes the step: where new chunks wait and no update is in flight, one
// is launched.
func (l *learner) end() {
	if l.inFlight != nil || len(l.fresh) == 0 {
		return
	}
	n := min(len(l.fresh), updateChunks)
	j := &job{scale: l.scale.value(), due: l.steps + Delay}
	for _, c := range l.fresh[:n] {
		r := round{chunks: []*chunk{c}}
		for range min(replayed, len(l.ring)) {
			r.chunks = append(r.chunks, l.ring[l.rng.IntN(len(l.ring))])
		}
		j.rounds = append(j.rounds, r)
		l.remember(c)
	}
	l.fresh = append(l.fresh[:0], l.fresh[n:]...)
	l.launch(j)
}

func (l *learner) remember(c *chunk) {
	if len(l.ring) < ringChunks {
		l.ring = append(l.ring, c)
		return
	}
	l.ring[l.next] = c
	l.next = (l.next + 1) % ringChunks
}

// launch hands a job to the worker, which is started by the first.
func (l *learner) launch(j *job) {
	j.rate, j.net, j.adam, j.unit, j.done = l.rate, l.net, l.adam, l.unit, make(chan struct{})
	l.inFlight = j
	if l.worker == nil {
		l.worker = startWorker()
	}
	l.worker.jobs <- j
}

// close ends the worker.
func (l *learner) close() {
	if l.worker != nil {
		l.worker.stop()
		l.worker = nil
	}
}
