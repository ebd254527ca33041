package configs

import "reflect"

// RestartNeeded names the fields that differ and take effect at a start only.
func RestartNeeded(old, next *Config) []string {
	var fields []string
	for _, section := range []struct {
		name      string
		old, next any
	}{
		{"kafka", old.Kafka, next.Kafka},
		{"http", old.HTTP, next.HTTP},
		{"store", old.Store, next.Store},
		{"log", old.Log, next.Log},
		{"seed", old.Seed, next.Seed},
	} {
		fields = append(fields, different(section.name, reflect.ValueOf(section.old), reflect.ValueOf(section.next))...)
	}
	return fields
}

// different names the fields below key that differ. A list that is left out is an
// empty one.
func different(key string, a, b reflect.Value) (fields []string) {
	switch {
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Tag.Get("yaml")
			fields = append(fields, different(key+"."+name, a.Field(i), b.Field(i))...)
		}
	case a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0:
	case !reflect.DeepEqual(a.Interface(), b.Interface()):
		fields = append(fields, key)
	}
	return fields
}
