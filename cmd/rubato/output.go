package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// checkOutputs tells, before long work, whether the files that are to hold what it
// comes to can be written. It leaves them as they are; "" and "-" are no files.
func checkOutputs(paths ...string) error {
	for _, path := range paths {
		if path == "" || path == "-" {
			continue
		}
		_, before := os.Stat(path)
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		if errors.Is(before, fs.ErrNotExist) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeTo writes to a file, or to out where path is "-".
func writeTo(out io.Writer, path string, write func(io.Writer) error) (err error) {
	if path == "-" {
		return write(out)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil && e != nil {
			err = e
		}
	}()
	return write(file)
}
