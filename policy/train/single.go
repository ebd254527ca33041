package train

// Narrow stores features in single precision: half the size, and as good to learn
// from.
func Narrow(f []float64) []float32 {
	xs := make([]float32, len(f))
	for i, x := range f {
		xs[i] = float32(x)
	}
	return xs
}

// Widen fills f, at least as long as xs, from single precision.
func Widen(f []float64, xs []float32) {
	for i, x := range xs {
		f[i] = float64(x)
	}
}
