// Package jvm is what every JVM that Rubato starts has in common: which java
// it runs, that it does not outlive its starter, and the end of its log.
package jvm
