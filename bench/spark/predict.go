package spark

// topFixed are the three intervals of the fixed grid that the simulator ranks
// best.
func (b *bench) topFixed(*Window) ([]string, error) {
	return []string{"fixed-500ms", "fixed-1s", "fixed-2s"}, nil
}
