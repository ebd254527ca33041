package boltfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Holder is who has a file open for writing.
type Holder struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Since is when the file was opened: the modification time of the note.
	Since time.Time `json:"-"`
}

// HeldError says that another process has the file open.
type HeldError struct {
	Path string
	// Holder has PID 0 where the other process left no note: a reader.
	Holder Holder
}

// Error names the holder.
func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return e.Path + " is held by another process that left no note (a reader, or one just starting)"
	}
	return fmt.Sprintf("%s is held by process %d on %s since %s", e.Path, e.Holder.PID, e.Holder.Host,
		e.Holder.Since.UTC().Format(time.RFC3339))
}

func holderPath(path string) string { return path + ".holder" }

func writeHolder(path string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	note, err := json.Marshal(Holder{PID: os.Getpid(), Host: host})
	if err != nil {
		return fmt.Errorf("note the holder: %w", err)
	}
	if err := os.WriteFile(holderPath(path), append(note, '\n'), 0o640); err != nil { //nolint:gosec // readable by the group like the store
		return fmt.Errorf("note the holder: %w", err)
	}
	return nil
}

func removeHolder(path string) error {
	if err := os.Remove(holderPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the holder's note: %w", err)
	}
	return nil
}

// held reads the note; a missing or unreadable one leaves the holder unknown.
func held(path string) *HeldError {
	e := &HeldError{Path: path}
	note, err := os.ReadFile(holderPath(path))
	if err != nil {
		return e
	}
	info, err := os.Stat(holderPath(path))
	if err != nil || json.Unmarshal(note, &e.Holder) != nil {
		e.Holder = Holder{}
		return e
	}
	e.Holder.Since = info.ModTime()
	return e
}
