package learner

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rubato/agent/pretrain"
)

// ErrConfig says what an ablation needs.
var ErrConfig = errors.New("want six training drivers of each kind, and one at least of all else, for a minute or more")

// Check tells whether that can be run.
func (c Config) Check() error {
	if min(c.Seeds, c.Samples, c.Epochs, c.Held, c.Plays) < 1 || c.Scenes < 6 || c.Length < time.Minute {
		return ErrConfig
	}
	return nil
}

// CSV has a line for each training.
func (o *Outcome) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"part", "variant", "seed", "weights", "epoch", "critic_explained", "likeness", "saved_pct", "saved_unbounded_pct"}
	for _, k := range pretrain.Kinds {
		head = append(head, "saved_"+strings.ReplaceAll(k.String(), " ", "_")+"_pct")
	}
	_ = w.Write(append(head, "played_ratio", "played_squashed", "played_worst")) // to memory
	for i := range o.Trials {
		t := &o.Trials[i]
		f := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
		row := []string{
			t.Variant.Part, t.Variant.Name, strconv.FormatUint(t.Seed, 10), strconv.Itoa(t.Weights), strconv.Itoa(t.Epoch),
			f(t.Explained), f(t.Likeness), f(100 * t.All), f(100 * t.Raw),
		}
		for _, x := range t.Saved {
			row = append(row, f(100*x))
		}
		row = append(row, f(math.Exp(mean(mapped(t.Ratios, math.Log)))), f(math.Exp(mean(mapped(t.Ratios, pretrain.Squash)))), f(slices.Max(t.Ratios)))
		_ = w.Write(row)
	}
	w.Flush()
	return b.Bytes()
}

// mapped is of, of each of xs.
func mapped(xs []float64, of func(float64) float64) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = of(x)
	}
	return out
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x / float64(len(xs))
	}
	return sum
}

// standardError is that of the mean of xs.
func standardError(xs []float64) float64 {
	m, sum := mean(xs), 0.0
	for _, x := range xs {
		sum += (x - m) * (x - m)
	}
	n := float64(len(xs))
	return math.Sqrt(sum / max(n-1, 1) / n)
}

// Table is the figures in Markdown, variant by variant.
func (o *Outcome) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds, %d samples in all; %d held-out samples of %d drivers. Each sample's own best would save %.1f %%.\n\n",
		o.Config.Seeds, o.Samples, o.Held, o.Config.Held*len(pretrain.Kinds), 100*o.Bound)
	b.WriteString("| | weights | saved, % (least to most of the seeds) | ± drivers | less the shipped ± drivers | unbounded | likeness | critic explains | line kept |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	all := o.byVariant()
	base := perScene(all[0])
	for _, trials := range all {
		var saved, raw, like, explained []float64
		kept := 0
		for _, t := range trials {
			saved, raw = append(saved, 100*t.All), append(raw, 100*t.Raw)
			like, explained = append(like, t.Likeness), append(explained, t.Explained)
			if t.Epoch == 0 {
				kept++
			}
		}
		mine := perScene(trials)
		less := make([]float64, len(mine))
		for i := range mine {
			less[i] = mine[i] - base[i]
		}
		v := trials[0].Variant
		tells := "–"
		if v.Critic > Average {
			tells = fmt.Sprintf("%.2f", mean(explained))
		}
		fmt.Fprintf(&b, "| %s | %d | %.2f (%.2f to %.2f) | %.2f | %+.2f ± %.2f | %.2f | %.2f | %s | %d of %d |\n",
			v.Name, trials[0].Weights, mean(saved), slices.Min(saved), slices.Max(saved), 100*standardError(mine),
			100*mean(less), 100*standardError(less), mean(raw), mean(like), tells, kept, len(trials))
	}
	o.played(&b, all)
	return b.String()
}

// played tells what playing them out came to.
func (o *Outcome) played(b *strings.Builder, all [][]*Trial) {
	fmt.Fprintf(b, "\n| played: cost / the line's, %d drivers of each kind |", o.Config.Plays)
	for _, k := range pretrain.Kinds {
		fmt.Fprintf(b, " %v |", k)
	}
	b.WriteString(" all ± drivers | seeds | squashed | worst |\n|---|" + strings.Repeat("---|", len(pretrain.Kinds)+4) + "\n")
	for _, trials := range all {
		var ratios, seeds []float64
		byScene := make([]float64, len(trials[0].Ratios))
		byKind := make([]float64, len(pretrain.Kinds))
		for _, t := range trials {
			ratios = append(ratios, t.Ratios...)
			seeds = append(seeds, math.Exp(mean(mapped(t.Ratios, math.Log))))
			for i, l := range mapped(t.Ratios, math.Log) {
				byScene[i] += l / float64(len(trials))
			}
		}
		for i, l := range byScene {
			byKind[i%len(byKind)] += l / float64(o.Config.Plays)
		}
		fmt.Fprintf(b, "| %s |", trials[0].Variant.Name)
		for _, l := range byKind {
			fmt.Fprintf(b, " %.3f |", math.Exp(l))
		}
		fmt.Fprintf(b, " %.4f ± %.4f | %.4f to %.4f | %.4f | %.2f |\n", math.Exp(mean(byScene)), standardError(byScene),
			slices.Min(seeds), slices.Max(seeds), math.Exp(mean(mapped(ratios, pretrain.Squash))), slices.Max(ratios))
	}
}

// byVariant is the trials, in the order in which variants came.
func (o *Outcome) byVariant() [][]*Trial {
	var out [][]*Trial
	at := map[*Variant]int{}
	for i := range o.Trials {
		t := &o.Trials[i]
		k, ok := at[t.Variant]
		if !ok {
			k = len(out)
			at[t.Variant] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], t)
	}
	return out
}

// perScene is what the variant saves on each scene, on the mean of its seeds.
func perScene(trials []*Trial) []float64 {
	out := make([]float64, len(trials[0].byScene))
	for _, t := range trials {
		for i, x := range t.byScene {
			out[i] += x / float64(len(trials))
		}
	}
	return out
}
