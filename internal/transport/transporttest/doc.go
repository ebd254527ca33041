// Package transporttest has a transport.Client without a broker, for tests of
// what depends on one, and the promises that every Client keeps.
//
// Memory holds topics in slices. Its faults (Fail, Truncate) are those that
// are hard to have from a broker at a given moment.
package transporttest
