package train

import (
	"math"

	"rubato/env"
	"rubato/policy"
)

// reference is the loss and its gradient, written out by hand and one sample
// at a time: it shares nothing with the graph but the definition.
func reference(l policy.Layout, w []float64, b *Batch) (Loss, []float64) {
	grad := make([]float64, len(w))
	blocks := l.Blocks()
	var loss Loss
	for i := range b.Mask {
		x := b.Features[i*l.Inputs : (i+1)*l.Inputs]
		actor := forward(w, blocks[:6], x)
		prior := policy.Prior(x)
		for a := range actor.out {
			actor.out[a] = policy.Sharpness * (actor.out[a] + prior[a])
		}
		p, logP := distribution(actor.out, b.Mask[i])
		d := make([]float64, env.NumActions)
		var h float64
		for a := range p {
			if b.Mask[i][a] {
				h -= p[a] * logP[a]
			}
		}
		for a := range p {
			pick := b.Pick[i*env.NumActions+a]
			if b.Mask[i][a] {
				loss.Policy -= pick * logP[a]
				d[a] += b.Entropy[i] * p[a] * (logP[a] + h)
			}
			for j := range p {
				same := 0.0
				if j == a {
					same = 1
				}
				if b.Mask[i][j] {
					d[j] -= pick * (same - p[j])
				}
			}
		}
		loss.Entropy += b.Entropy[i] * h
		for a := range d {
			d[a] *= policy.Sharpness
		}
		actor.backward(w, blocks[:6], x, d, grad)

		critic := forward(w, blocks[6:], x)
		miss := critic.out[0] - b.Target[i]
		loss.Value += 0.5 * b.Fit[i] * miss * miss
		critic.backward(w, blocks[6:], x, []float64{b.Fit[i] * miss}, grad)
	}
	return loss, grad
}

type pass struct{ h1, h2, out []float64 }

func forward(w []float64, p []policy.Block, x []float64) pass {
	layer := func(in []float64, m, bias policy.Block, squash bool) []float64 {
		out := make([]float64, m.Out)
		for j := range out {
			s := w[bias.Offset+j]
			for i := range in {
				s += in[i] * w[m.Offset+i*m.Out+j]
			}
			if out[j] = s; squash {
				out[j] = math.Tanh(s)
			}
		}
		return out
	}
	h1 := layer(x, p[0], p[1], true)
	h2 := layer(h1, p[2], p[3], true)
	return pass{h1, h2, layer(h2, p[4], p[5], false)}
}

func (f pass) backward(w []float64, p []policy.Block, x, d, grad []float64) {
	layer := func(in, d []float64, m, bias policy.Block) []float64 {
		back := make([]float64, len(in))
		for j, g := range d {
			grad[bias.Offset+j] += g
			for i := range in {
				grad[m.Offset+i*m.Out+j] += g * in[i]
				back[i] += g * w[m.Offset+i*m.Out+j]
			}
		}
		return back
	}
	squashed := func(h, back []float64) []float64 {
		for i := range back {
			back[i] *= 1 - h[i]*h[i]
		}
		return back
	}
	d2 := squashed(f.h2, layer(f.h2, d, p[4], p[5]))
	d1 := squashed(f.h1, layer(f.h1, d2, p[2], p[3]))
	layer(x, d1, p[0], p[1])
}

func distribution(logits []float64, mask env.Mask) (p, logP []float64) {
	top, sum := math.Inf(-1), 0.0
	for a, ok := range mask {
		if ok {
			top = max(top, logits[a])
		}
	}
	for a, ok := range mask {
		if ok {
			sum += math.Exp(logits[a] - top)
		}
	}
	p, logP = make([]float64, len(logits)), make([]float64, len(logits))
	for a, ok := range mask {
		if ok {
			logP[a] = logits[a] - top - math.Log(sum)
			p[a] = math.Exp(logP[a])
		}
	}
	return p, logP
}
