// Package terminal tells what is a terminal from files and pipes.
package terminal
