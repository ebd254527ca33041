package env

import (
	"reflect"
	"testing"
)

// primes are as many as there are components, twice: no two sums or products of
// them are mistaken for each other.
var primes = []float64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}

// counted sets the fields of the struct that v points to from the given primes.
func counted(t *testing.T, v any, from []float64) {
	t.Helper()
	s := reflect.ValueOf(v).Elem()
	if s.NumField() != len(primes)/2 {
		t.Fatalf("%d fields in %v, and primes for %d", s.NumField(), s.Type(), len(primes)/2)
	}
	for i := range s.NumField() {
		s.Field(i).SetFloat(from[i])
	}
}

func TestEveryComponentIsPricedAddedAndScaled(t *testing.T) {
	var c, d Components
	var w Weights
	half := len(primes) / 2
	counted(t, &c, primes)
	counted(t, &d, primes[half:])
	counted(t, &w, primes[half:])
	sum, scaled := reflect.ValueOf(c.Add(d)), reflect.ValueOf(c.Scale(41))
	want := 0.0
	for i := range half {
		name := sum.Type().Field(i).Name
		if weight := reflect.TypeOf(w).Field(i).Name; weight != name {
			t.Errorf("the weight %s stands where the component is %s", weight, name)
		}
		near(t, name+" of a sum", sum.Field(i).Float(), primes[i]+primes[half+i])
		near(t, name+" scaled", scaled.Field(i).Float(), 41*primes[i])
		alone := reflect.New(sum.Type()).Elem()
		alone.Field(i).SetFloat(primes[i])
		near(t, "what "+name+" costs", w.Cost(alone.Interface().(Components)), primes[half+i]*primes[i])
		want += primes[half+i] * primes[i]
	}
	near(t, "the cost of all", w.Cost(c), want)
}
