// Package spark measures rivals.
package spark
