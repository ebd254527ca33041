package pretrain

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// cma is a covariance matrix adaptation evolution strategy (Hansen 2016, "The
// CMA Evolution Strategy: A Tutorial", equations 37 to 47, without negative
// weights). Its caller asks for a generation, scores it, and tells the scores;
// what it found is mean.
type cma struct {
	rng     *rand.Rand
	mean    []float64
	sigma   float64
	weights []float64 // of the better half, in order; they add up to 1
	mu      float64   // effective number of parents

	cSigma, damp, cc, c1, cMu, chi float64

	pathSigma, pathC []float64
	cov              *mat.SymDense
	axes             mat.Dense // columns: the covariance's eigenvectors
	lengths          []float64 // the roots of its eigenvalues
	generations      int
}

// candidate is a point, and the step to it in units of sigma.
type candidate struct {
	x, step []float64
	score   float64
}

func newCMA(rng *rand.Rand, start []float64, sigma float64) *cma {
	n := float64(len(start))
	c := &cma{rng: rng, mean: slices.Clone(start), sigma: sigma}
	parents := int(6 + 3*math.Log(n)) // twice the usual number: the scores are ragged
	parents /= 2
	total, squares := 0.0, 0.0
	for i := range parents {
		w := math.Log(float64(parents)+0.5) - math.Log(float64(i+1))
		c.weights = append(c.weights, w)
		total += w
	}
	for i := range c.weights {
		c.weights[i] /= total
		squares += c.weights[i] * c.weights[i]
	}
	c.mu = 1 / squares
	c.cSigma = (c.mu + 2) / (n + c.mu + 5)
	c.damp = 1 + 2*max(0, math.Sqrt((c.mu-1)/(n+1))-1) + c.cSigma
	c.cc = (4 + c.mu/n) / (n + 4 + 2*c.mu/n)
	c.c1 = 2 / ((n+1.3)*(n+1.3) + c.mu)
	c.cMu = min(1-c.c1, 2*(c.mu-2+1/c.mu)/((n+2)*(n+2)+c.mu))
	c.chi = math.Sqrt(n) * (1 - 1/(4*n) + 1/(21*n*n))
	c.pathSigma, c.pathC = make([]float64, len(start)), make([]float64, len(start))
	c.cov = mat.NewSymDense(len(start), nil)
	for i := range start {
		c.cov.SetSym(i, i, 1)
	}
	c.lengths = make([]float64, len(start))
	return c
}

var errCovariance = errors.New("the covariance has no eigenvalues")

// ask draws a generation.
func (c *cma) ask() ([]candidate, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(c.cov, true) {
		return nil, errCovariance
	}
	eigen.Values(c.lengths)
	eigen.VectorsTo(&c.axes)
	for i, l := range c.lengths {
		c.lengths[i] = math.Sqrt(max(l, 1e-12))
	}
	generation := make([]candidate, 2*len(c.weights))
	n := len(c.mean)
	for k := range generation {
		z := make([]float64, n)
		for i := range z {
			z[i] = c.lengths[i] * c.rng.NormFloat64()
		}
		g := candidate{x: slices.Clone(c.mean), step: make([]float64, n)}
		for i := range n {
			for j := range n {
				g.step[i] += c.axes.At(i, j) * z[j]
			}
			g.x[i] += c.sigma * g.step[i]
		}
		generation[k] = g
	}
	return generation, nil
}

// tell learns from a generation's scores; less is better.
func (c *cma) tell(generation []candidate) {
	slices.SortStableFunc(generation, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
	n := len(c.mean)
	step := make([]float64, n)
	for k, w := range c.weights {
		for i := range n {
			step[i] += w * generation[k].step[i]
		}
	}
	for i := range n {
		c.mean[i] += c.sigma * step[i]
	}
	c.generations++
	length := c.lengthen(step)
	short := 0.0
	if length/math.Sqrt(1-math.Pow(1-c.cSigma, 2*float64(c.generations))) < (1.4+2/(float64(n)+1))*c.chi {
		short = 1
	}
	for i := range n {
		c.pathC[i] = (1-c.cc)*c.pathC[i] + short*math.Sqrt(c.cc*(2-c.cc)*c.mu)*step[i]
	}
	keep := 1 - c.c1 - c.cMu + (1-short)*c.c1*c.cc*(2-c.cc)
	for i := range n {
		for j := i; j < n; j++ {
			v := keep*c.cov.At(i, j) + c.c1*c.pathC[i]*c.pathC[j]
			for k, w := range c.weights {
				v += c.cMu * w * generation[k].step[i] * generation[k].step[j]
			}
			c.cov.SetSym(i, j, v)
		}
	}
	c.sigma *= math.Exp(min(1, c.cSigma/c.damp*(length/c.chi-1)))
}

// lengthen adds the mean step, whitened, to the path that adapts sigma, and
// returns that path's length.
func (c *cma) lengthen(step []float64) float64 {
	n := len(step)
	white := make([]float64, n)
	for j := range n {
		along := 0.0
		for i := range n {
			along += c.axes.At(i, j) * step[i]
		}
		along /= c.lengths[j]
		for i := range n {
			white[i] += c.axes.At(i, j) * along
		}
	}
	sum := 0.0
	for i := range n {
		c.pathSigma[i] = (1-c.cSigma)*c.pathSigma[i] + math.Sqrt(c.cSigma*(2-c.cSigma)*c.mu)*white[i]
		sum += c.pathSigma[i] * c.pathSigma[i]
	}
	return math.Sqrt(sum)
}
