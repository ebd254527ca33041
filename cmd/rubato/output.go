package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"rubato/checkpoints/boltfile"
	"rubato/configs"
)

// checkOutputs tells, before long work, whether the files that are to hold what it
// comes to can be written, are as many as are named, and are no store or journal.
// It leaves them as they are; "" is none, and "-" standard output, which takes one.
func checkOutputs(paths ...string) error {
	seen := map[string]string{}
	for _, path := range paths {
		if path == "" {
			continue
		}
		place := path
		if path != standardOutput {
			place = configs.Place(path)
		}
		other, twice := seen[place]
		seen[place] = path
		switch {
		case path == standardOutput && twice:
			return errors.New("two outputs go to standard output: name a file for all but one")
		case path == standardOutput:
			continue
		case twice:
			return fmt.Errorf("%s and %s are one file: want one for each output", other, path)
		}
		if err := checkOutput(path); err != nil {
			return err
		}
	}
	return nil
}

func checkOutput(path string) error {
	info, before := os.Stat(path)
	if before == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil // a pipe without a reader would keep us waiting
	}
	if before == nil && info.Mode().IsRegular() {
		// what cannot be read may yet be written
		if store, err := boltfile.Is(path); err == nil && store {
			return fmt.Errorf("%s is a store or a journal, and would be lost: name another file", path)
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if errors.Is(before, fs.ErrNotExist) {
		return os.Remove(configs.Place(path)) // of a link: what was made behind it
	}
	return nil
}

// writeTo writes to a file, or to out where path is "-". A file is written whole or
// stays as it was; what is no file, such as a device or a pipe, is written as it
// comes.
func writeTo(out io.Writer, path string, write func(io.Writer) error) error {
	if path == standardOutput {
		return write(out)
	}
	if err := writeFile(path, write); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	path = configs.Place(path)
	mode := fs.FileMode(0o666) // less the umask
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return writeInto(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode, write)
	case err == nil:
		mode = info.Mode().Perm()
	}
	fresh := filepath.Join(filepath.Dir(path), fmt.Sprintf(".rubato-%x", rand.Uint64()))
	err = writeInto(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode, write)
	if errors.Is(err, fs.ErrPermission) { // no file may be made beside it
		return writeInto(path, os.O_WRONLY|os.O_TRUNC, mode, write)
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = os.Remove(fresh)
	}
	return err
}

func writeInto(path string, flags int, mode fs.FileMode, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, flags, mode)
	if err != nil {
		return err
	}
	err = write(file)
	if flags&os.O_EXCL != 0 && err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
