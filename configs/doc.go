// Package configs is the typed configuration: its file (rubato.yaml), its
// loader, and the watcher that reloads it.
//
// # Model
//
// A configuration is made of defaults, over them the file, over that the
// environment (RUBATO_KAFKA_BROKERS is kafka.brokers). Viper merges the three;
// this package checks the file's structure, every value and every file that is
// named, and names all mistakes at once, each with file, line and key, or with the
// environment's variable. Groups come from the file
// alone: a list in order, where the first whose pattern matches a query's key
// wins, and a group "default" that matches everything at its end.
//
// A loaded Config is not changed any more. Effective is its canonical form:
// what is journalled, hashed, and read back by Parse.
//
// # Units
//
// Durations carry a unit (200ms, 10s, 1m); sizes too (64MiB, 1GiB); bounds are
// durations or multiples of the job's own interval (0.1x).
//
// # Caveats
//
// The package knows no other: names of policies are given by the caller, and so is
// what tells a policy's file and signing keys from what is none.
package configs
