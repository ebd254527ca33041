package spark

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rubato/env/sim/traces"
	"rubato/internal/load"
)

// Trace is a recording and how it is played.
type Trace struct {
	// Name stands in the tables, File is the recording's name in its folder.
	Name, File string
	// Rows is how many rows of the recording make a second of play.
	Rows int
	// Rate is the mean rate that the window is scaled to, events/s.
	Rate float64
	// About says how it was scaled.
	About string
}

// Traces are the ones that are judged on. aws_elb and twitter_aapl have a row
// for each five minutes.
func Traces() []Trace {
	return []Trace{
		{"steady", "azure_llm_conv", 10, 400, "azure_llm_conv, 10 s in one (compressed 10 to 1), scaled to a mean of 400 events/s"},
		{"bursty", "twitter_aapl", 4, 200, "twitter_aapl, 4 samples of 5 min in a second (1200 to 1), scaled to a mean of 200 events/s"},
		{"idle", "azure_llm_code", 1, 40, "azure_llm_code as it was, second by second (about three in four are empty), scaled to a mean of 40 events/s"},
		{"diurnal", "aws_elb", 4, 300, "aws_elb, 4 samples of 5 min in a second (1200 to 1; a day is 72 s), scaled to a mean of 300 events/s"},
	}
}

// SelectTraces returns the traces of these names, all of them for none. What
// ends in .csv is a recording of the user's, played second by second at a mean
// of 200 events/s.
func SelectTraces(names []string) ([]Trace, error) {
	all := Traces()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []Trace
	for _, name := range names {
		if strings.HasSuffix(name, ".csv") {
			base := strings.TrimSuffix(filepath.Base(name), ".csv")
			chosen = append(chosen, Trace{Name: base, File: name, Rows: 1, Rate: 200, About: name + ", scaled to a mean of 200 events/s"})
			continue
		}
		i := slices.IndexFunc(all, func(t Trace) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("trace %q: want steady, bursty, idle, diurnal, or a CSV file", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// Window is a stretch of a trace, ready to be played: the same events for every
// rival.
type Window struct {
	Trace Trace
	// Seed drew it; Name is the trace's, and the seed where there are several.
	Seed uint64
	Name string
	// From is the recording's row that it begins at.
	From int
	// Events are the schedule, drawn from the rates of the rows. Lead is the schedule of the
	// lead-in: a Poisson stream of the window's mean rate.
	Events, Lead []load.Event
}

// windows are those of each trace, seed by seed.
func (o *Options) windows() ([]*Window, error) {
	var all []*Window
	for _, seed := range o.Seeds {
		for _, t := range o.Traces {
			w, err := t.Cut(o.Folder, seed, o.Length-LeadIn)
			if err != nil {
				return nil, err
			}
			if len(o.Seeds) > 1 {
				w.Name = fmt.Sprintf("%s %d", t.Name, seed)
			}
			all = append(all, w)
		}
	}
	return all, nil
}

// LeadIn is what is played before the window and is in no figure.
const LeadIn = 30 * time.Second

// Cut places a window after the recording's first quarter and draws its events:
// a Poisson count for each row, at times that are uniform in it.
func (t Trace) Cut(folder string, seed uint64, length time.Duration) (*Window, error) {
	path := t.File
	if !strings.HasSuffix(path, ".csv") {
		path = filepath.Join(folder, t.File+".csv")
	}
	recording, err := traces.Read(path)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, nameSeed(t.Name)))
	rows := int(length.Seconds()*float64(t.Rows) + 0.5)
	past := recording.Len() / 4
	if past+rows > recording.Len() {
		return nil, fmt.Errorf("trace %s: %d rows, want %d after the first quarter", path, recording.Len(), rows)
	}
	w := &Window{Trace: t, Seed: seed, Name: t.Name, From: past + rng.IntN(recording.Len()-past-rows+1)}
	mean := recording.Mean(w.From, w.From+rows)
	if !(mean > 0) {
		return nil, fmt.Errorf("trace %s: no events in the %d rows from %d", path, rows, w.From)
	}
	var rates []float64 // events/s, of the rows
	for i := range rows {
		rates = append(rates, recording.Mean(w.From+i, w.From+i+1)*t.Rate/mean)
	}
	w.Events = draw(rng, rates, 1/float64(t.Rows))
	w.Lead = draw(rng, slices.Repeat([]float64{t.Rate}, int(LeadIn.Seconds())), 1)
	return w, nil
}

// draw lays Poisson events on parts of so many seconds.
func draw(rng *rand.Rand, rates []float64, part float64) []load.Event {
	var events []load.Event
	for i, rate := range rates {
		if rate <= 0 {
			continue
		}
		for t := rng.ExpFloat64() / rate; t < part; t += rng.ExpFloat64() / rate {
			at := time.Duration((float64(i)*part + t) * float64(time.Second))
			events = append(events, load.Event{At: at, Key: rng.IntN(load.Keys)})
		}
	}
	slices.SortStableFunc(events, func(a, b load.Event) int { return cmp.Compare(a.At, b.At) })
	return events
}

// peak is the highest rate of any second of the schedule, events/s.
func (w *Window) peak() float64 {
	counts := map[int]int{}
	most := 0
	for _, e := range w.Events {
		counts[int(e.At/time.Second)]++
		most = max(most, counts[int(e.At/time.Second)])
	}
	return float64(most)
}

func nameSeed(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}
