// Package parallel plays independent things on all cores: scenes of a training,
// cells of a search, bouts of a tournament.
package parallel
