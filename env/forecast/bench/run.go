package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"rubato/env/forecast"
	"rubato/internal/parallel"
)

// Family is a kind of series to judge on.
type Family struct {
	Name string
	// Bursty counts it into the goal over the bursty ones.
	Bursty bool
	// Draw makes the series of a seed.
	Draw func(rng *rand.Rand) *Series
}

// Config says what to judge.
type Config struct {
	Families []Family
	// Seeds is how many series of each family are drawn.
	Seeds int
	// Weights are the LSTM's.
	Weights *forecast.Weights
	// Progress is told after each series; nil for nobody. It is called by one
	// goroutine at a time.
	Progress func(done, total int)
}

// Row is how a model did on a family at a horizon: means over the seeds' series,
// and the standard deviation over them.
type Row struct {
	Trace         string  `json:"trace"`
	Model         string  `json:"model"`
	HorizonS      int     `json:"horizonS"`
	MAE           float64 `json:"mae"`
	MASE          float64 `json:"mase"`
	Pinball       float64 `json:"pinball"`
	Coverage      float64 `json:"coverage"`
	Coverage80    float64 `json:"coverage80"`
	TransitionMAE float64 `json:"transitionMae"`
	// Transitions is the share of seconds in them.
	Transitions   float64 `json:"transitions"`
	MAEDeviation  float64 `json:"maeDeviation"`
	MASEDeviation float64 `json:"maseDeviation"`
	Seeds         int     `json:"seeds"`
}

// Report is what a run found.
type Report struct {
	// Command is what made it.
	Command  string    `json:"command,omitempty"`
	Rows     []Row     `json:"rows"`
	Tuned    Tuned     `json:"tuned"`
	Verdicts []Verdict `json:"verdicts"`
}

// entry is a model under its name.
type entry struct {
	name string
	// baseline takes part in the best baseline.
	baseline bool
	make     func() model
}

// The models that the goals speak of.
const (
	nameEnsemble = "ensemble"
	nameAR       = "ar30"
)

// entries lists the models, in the table's order.
func entries(w *forecast.Weights, tuned Tuned) []entry {
	point := func(name string, f func() points) entry {
		return entry{name, true, func() model { return &calibrated{points: f()} }}
	}
	return []entry{
		{nameEnsemble, false, func() model { return &ensemble{e: forecast.NewEnsemble(w, "")} }},
		{"lstm", false, func() model { return &lstm{w: w} }},
		point("last", func() points { return lastValue{} }),
		point("ema0.3", func() points { return &ema{gain: 0.3} }),
		point("emaTuned", func() points { return &ema{gain: tuned.EMA} }),
		point("holtTuned", func() points { return &holt{alpha: tuned.Alpha, beta: tuned.Beta, phi: tuned.Phi} }),
		point(nameAR, func() points { return &ar{} }),
		point("seasonal", func() points { return &seasonal{} }),
	}
}

// Run judges every model on every family. The same configuration gives the same
// report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if len(cfg.Families) == 0 || cfg.Seeds < 1 {
		return nil, fmt.Errorf("%d families, %d seeds: %w", len(cfg.Families), cfg.Seeds, ErrNothing)
	}
	tuned := Tune()
	models := entries(cfg.Weights, tuned)
	results := make([][][3]score, len(cfg.Families)*cfg.Seeds) // by series, model, horizon
	var (
		lock sync.Mutex
		done int
	)
	err := parallel.Do(ctx, 0, len(results), func(_ context.Context, job int) error {
		f := cfg.Families[job/cfg.Seeds]
		// The judges' seeds are far from those of the training.
		s := f.Draw(rand.New(rand.NewPCG(uint64(job%cfg.Seeds)+1, 0x7e57)))
		marks := s.transitions()
		for _, m := range models {
			results[job] = append(results[job], judge(m.make(), s, marks))
		}
		lock.Lock()
		defer lock.Unlock()
		done++
		if cfg.Progress != nil {
			cfg.Progress(done, len(results))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("judging the forecasters: %w", err)
	}
	r := &Report{Tuned: tuned}
	for f, family := range cfg.Families {
		for k, m := range models {
			for i, h := range forecast.Horizons {
				row := Row{Trace: family.Name, Model: m.name, HorizonS: h, Seeds: cfg.Seeds}
				for seed := range cfg.Seeds {
					row.take(&results[f*cfg.Seeds+seed][k][i])
				}
				row.finish()
				r.Rows = append(r.Rows, row)
			}
		}
	}
	r.Verdicts = r.verdicts(cfg.Families, models)
	return r, nil
}

// take adds up one seed's score; finish makes means of the sums.
func (r *Row) take(s *score) {
	mae := s.miss / s.seconds
	mase := 1.0 // nothing moved, nothing was missed
	if s.one > 0 {
		mase = s.miss / s.one
	}
	r.MAE += mae
	r.MAEDeviation += mae * mae
	r.MASE += mase
	r.MASEDeviation += mase * mase
	r.Pinball += s.pinball / s.seconds
	r.Coverage += s.in90 / s.seconds
	r.Coverage80 += s.in80 / s.seconds
	if s.changing > 0 {
		r.TransitionMAE += s.changingMiss / s.changing
	}
	r.Transitions += s.changing / s.seconds
}

func (r *Row) finish() {
	n := float64(r.Seeds)
	for _, x := range [...]*float64{
		&r.MAE, &r.MAEDeviation, &r.MASE, &r.MASEDeviation, &r.Pinball,
		&r.Coverage, &r.Coverage80, &r.TransitionMAE, &r.Transitions,
	} {
		*x /= n
	}
	spread := func(square, mean float64) float64 {
		return math.Sqrt(max(square-mean*mean, 0) * n / max(n-1, 1))
	}
	r.MAEDeviation, r.MASEDeviation = spread(r.MAEDeviation, r.MAE), spread(r.MASEDeviation, r.MASE)
}
