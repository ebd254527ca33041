package learner

import "rubato/agent/pretrain"

// Variant is a way to learn what to add to the line.
type Variant struct {
	// Part of the ablation: "size", "history", "critic"; "" of all.
	Part, Name string
	// Depth hidden layers of Width.
	Depth, Width int
	// Ticks and Ends of triggers are what of the past is seen, stacked or, with
	// Units, by a recurrent network.
	Ticks, Ends, Units int
	Critic             Critic
}

// Shipped is how the shipped policy is trained; the others differ from it in
// one thing.
func Shipped() Variant {
	return Variant{Name: "shipped: 2 x 16, now alone, paired branches", Depth: 2, Width: pretrain.DefaultConfig().Width}
}

// Variants are those of the ablation; the first is the shipped one.
func Variants() []Variant {
	all := []Variant{Shipped()}
	add := func(part, name string, change func(*Variant)) {
		v := Shipped()
		v.Part, v.Name = part, name
		change(&v)
		all = append(all, v)
	}
	size := func(name string, depth, width int) {
		add("size", name, func(v *Variant) { v.Depth, v.Width = depth, width })
	}
	size("linear", 0, 0)
	size("2 x 8", 2, 8)
	size("2 x 32", 2, 32)
	size("2 x 64", 2, 64)
	size("1 x 32", 1, 32)
	size("3 x 32", 3, 32)
	past := func(name string, ticks, ends, units int) {
		add("history", name, func(v *Variant) { v.Ticks, v.Ends, v.Units = ticks, ends, units })
	}
	past("last 2 ticks stacked", 2, 0, 0)
	past("last 8 ticks stacked", 8, 0, 0)
	past("last 2 trigger ends stacked", 0, 2, 0)
	past("last 8 trigger ends stacked", 0, 8, 0)
	past("GRU of 16 over the last 8 ticks", 8, 0, 16)
	past("GRU of 16 over the last 8 trigger ends", 0, 8, 16)
	critic := func(name string, c Critic) {
		add("critic", name, func(v *Variant) { v.Critic = c })
	}
	critic("the better action in hindsight, cloned", Hindsight)
	critic("one action, its raw cost", Raw)
	critic("one action, average reward", Average)
	critic("one action, state value", Value)
	critic("one action, state value bootstrapped after a trigger", Bootstrapped)
	critic("one action, asymmetric critic", Asymmetric)
	critic("one action, quantile critic", Quantile)
	return all
}

func (v *Variant) view() view { return view{v.Ticks, v.Ends} }

func (v *Variant) shape() shape {
	s := shape{Inputs: v.view().size(), Depth: v.Depth, Width: v.Width, Out: 1}
	if v.Units > 0 {
		s.Inputs, s.Steps, s.Units = blockSize, v.Ticks+v.Ends, v.Units
	}
	return s
}
