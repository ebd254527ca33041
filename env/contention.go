package env

// contention fits by what share a batch lasts longer for each batch of another
// query beside it: the slope of duration over prediction (see BatchFit) in the
// number of others, which is taken as the mean of those at the batch's start
// and at its end. Old batches are forgotten by 2 % each; the slope is held
// back as if a few batches had shown none.
type contention struct {
	// Beside is the number of others when the batch in course began; Ratio the
	// duration over prediction of one that has ended and waits for the number
	// of others at its end, 0 for none.
	Beside, Ratio float64
	// Weight is the weighted count of batches; X and Y the means of the others
	// and of the ratio; XX and XY the weighted sums of products about them.
	Weight, X, Y, XX, XY float64
}

const (
	contentionForget = 0.98
	contentionRidge  = 2
	// contentionMost bounds a ratio: snapshots and stragglers are no contention.
	contentionMost = 3
)

// end takes in the batch that waits, with running others at its end.
func (c *contention) end(running float64) {
	if c.Ratio <= 0 {
		return
	}
	x, y := (c.Beside+running)/2, min(c.Ratio, contentionMost)
	c.Ratio = 0
	c.Weight = contentionForget*c.Weight + 1
	dx, dy := x-c.X, y-c.Y
	c.X += dx / c.Weight
	c.Y += dy / c.Weight
	c.XX = contentionForget*c.XX + dx*(x-c.X)
	c.XY = contentionForget*c.XY + dx*(y-c.Y)
}

// slope is the fit, 0 to 4.
func (c *contention) slope() float64 {
	return min(max(c.XY/(c.XX+contentionRidge), 0), 4)
}
