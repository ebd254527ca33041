package checkpoints

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"rubato/checkpoints/boltfile"
)

// Recovery says what OpenOrRecover did about a damaged file.
type Recovery struct {
	// Damage is why the file could not be opened.
	Damage error
	// Aside is where the file is now.
	Aside string
	// Salvaged are the sequences of the checkpoints taken over from it.
	Salvaged []uint64
}

// OpenOrRecover opens a store for writing. A file whose structure is damaged
// is moved aside, and a new store begun with those of its checkpoints that are
// whole; the Recovery, otherwise nil, says so. What is no store
// (boltfile.ErrForeign) is refused and left as it is.
func OpenOrRecover(path string, o Options) (*Store, *Recovery, error) {
	s, err := Open(path, o)
	if err == nil || !errors.Is(err, boltfile.ErrDamaged) {
		return s, nil, err
	}
	r := &Recovery{Damage: err}
	if r.Aside, err = boltfile.Aside(path, "damaged"); err != nil {
		return nil, r, fmt.Errorf("recover checkpoints: %w", err)
	}
	data, err := os.ReadFile(r.Aside)
	if err != nil {
		return nil, r, fmt.Errorf("recover checkpoints: %w", err)
	}
	if s, err = Open(path, o); err != nil {
		return nil, r, err
	}
	for _, c := range salvage(data, s.keep) {
		if err := s.put(&c, c.Seq); err != nil {
			return nil, r, errors.Join(fmt.Errorf("recover checkpoints: %w", err), s.Close())
		}
		r.Salvaged = append(r.Salvaged, c.Seq)
	}
	return s, r, nil
}

// Newest is the newest whole checkpoint of a store that another process may be
// writing: where one is, it is found among the file's bytes, by its checksum.
func Newest(path string) (Checkpoint, error) {
	s, err := Open(path, Options{ReadOnly: true})
	if held := (*boltfile.HeldError)(nil); errors.As(err, &held) {
		return newestHeld(path, held)
	}
	if err != nil {
		return Checkpoint{}, err
	}
	c, damages, err := s.Load()
	if err != nil {
		for _, d := range damages {
			err = errors.Join(err, d)
		}
	}
	return c, errors.Join(err, s.Close())
}

func newestHeld(path string, held *boltfile.HeldError) (Checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoints: %w", err)
	}
	found := salvage(data, 1)
	if len(found) == 0 {
		return Checkpoint{}, fmt.Errorf("read checkpoints: %w: %w (try again, or stop that process)", ErrNone, held)
	}
	return found[0], nil
}

// salvage finds whole checkpoints anywhere in a file's bytes: bbolt keeps a
// value in one piece. It returns the newest keep of them, oldest first; pages
// not yet used again may give some that were pruned.
func salvage(data []byte, keep int) []Checkpoint {
	var found []Checkpoint
	for {
		at := bytes.Index(data, magic)
		if at < 0 {
			break
		}
		data = data[at:]
		c, n, err := decode(data)
		if err != nil {
			data = data[len(magic):]
			continue
		}
		data = data[n:]
		if !slices.ContainsFunc(found, func(f Checkpoint) bool { return f.Seq == c.Seq }) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b Checkpoint) int { return cmp.Compare(a.Seq, b.Seq) })
	return found[max(0, len(found)-keep):]
}
