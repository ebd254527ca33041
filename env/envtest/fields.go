package envtest

import "reflect"

// eachField calls f with every number of the struct that v points to.
func eachField(v any, f func(name string, x float64)) {
	walk("", reflect.ValueOf(v).Elem(), f)
}

// eachPair calls f with the numbers of two structs of one type, side by side.
func eachPair(v, w any, f func(name string, x, y float64)) {
	var ys []float64
	eachField(w, func(_ string, y float64) { ys = append(ys, y) })
	i := 0
	eachField(v, func(name string, x float64) {
		f(name, x, ys[i])
		i++
	})
}

func walk(name string, v reflect.Value, f func(string, float64)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(name+"."+v.Type().Field(i).Name, v.Field(i), f)
		}
	case reflect.Array:
		for i := range v.Len() {
			walk(name, v.Index(i), f)
		}
	case reflect.Float64:
		f(name, v.Float())
	}
}
