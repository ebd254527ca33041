// Package pretend speaks for Spark drivers that do not exist: it makes the
// messages that the agent would send, batch after batch of one topic that all
// queries read.
package pretend
