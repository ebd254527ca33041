package boltfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The on-disk format of bbolt, version 2, in the machine's byte order.
const (
	magic      = 0xED0CDAED
	version    = 2
	headerSize = 16
	metaSize   = 64
	elemSize   = 16
	bucketSize = 16

	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10
	bucketFlag   = 0x01

	noFreelist = ^uint64(0)

	smallestPage, largestPage = 1 << 10, 64 << 10
)

var native = binary.NativeEndian

// walker follows the pages of a file without trusting any of them.
type walker struct {
	r        io.ReaderAt
	pageSize int64
	high     uint64 // pages in use are below
	leaves   bool
	seen     []uint64 // one bit a page
}

type pageHeader struct {
	flags    uint16
	count    int
	overflow uint32
}

func checkPath(path string, leaves bool) error {
	file, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil {
		err = check(file, info.Size(), leaves)
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	return err
}

// check walks the file from its newer valid meta page.
func check(r io.ReaderAt, size int64, leaves bool) error {
	meta, pageSize, ok := readMeta(r, size)
	if !ok {
		return fmt.Errorf("%w: not a bbolt file, or both its meta pages are bad", ErrDamaged)
	}
	root, freelist, high := native.Uint64(meta[16:]), native.Uint64(meta[32:]), native.Uint64(meta[40:])
	if high > uint64(size/pageSize) {
		return fmt.Errorf("%w: the file was cut short: it has %d bytes of at least %d pages of %d bytes",
			ErrDamaged, size, high, pageSize)
	}
	w := &walker{r: r, pageSize: pageSize, high: high, leaves: leaves, seen: make([]uint64, high/64+1)}
	if err := w.page(root, true); err != nil {
		return err
	}
	if freelist == noFreelist {
		return nil
	}
	return w.freelist(freelist)
}

// readMeta returns the valid meta page with the higher transaction.
func readMeta(r io.ReaderAt, size int64) (best []byte, pageSize int64, ok bool) {
	for i, off := range metaPages() {
		m := make([]byte, metaSize)
		if off+headerSize+metaSize > size {
			break
		}
		if _, err := r.ReadAt(m, off+headerSize); err != nil || !validMeta(m) {
			continue
		}
		ps := int64(native.Uint32(m[8:]))
		if ps < smallestPage || ps > largestPage || i > 0 && off != ps {
			continue
		}
		if !ok || native.Uint64(m[48:]) > native.Uint64(best[48:]) {
			best, pageSize, ok = m, ps, true
		}
	}
	return best, pageSize, ok
}

// metaPages are the offsets at which a meta page can be: of the first page, and of
// the second for each size of a page.
func metaPages() []int64 {
	offsets := []int64{0}
	for ps := int64(smallestPage); ps <= largestPage; ps *= 2 {
		offsets = append(offsets, ps)
	}
	return offsets
}

// Begins tells whether a file's first bytes show bbolt's mark where one of its
// meta pages has it.
func Begins(head []byte) bool {
	for _, off := range metaPages() {
		if m := head[min(int(off)+headerSize, len(head)):]; len(m) >= 4 && native.Uint32(m) == magic {
			return true
		}
	}
	return false
}

func validMeta(m []byte) bool {
	h := fnv.New64a()
	_, _ = h.Write(m[:56])
	return native.Uint32(m) == magic && native.Uint32(m[4:]) == version && native.Uint64(m[56:]) == h.Sum64()
}

func bad(id uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", ErrDamaged, id, fmt.Sprintf(format, args...))
}

// visit marks the page and fails where it was met before or is out of range.
func (w *walker) visit(id uint64) error {
	if id < 2 || id >= w.high {
		return bad(id, "out of range, the file has %d pages", w.high)
	}
	if w.seen[id/64]>>(id%64)&1 != 0 {
		return bad(id, "referred to twice")
	}
	w.seen[id/64] |= 1 << (id % 64)
	return nil
}

func (w *walker) header(id uint64) (h pageHeader, err error) {
	var b [headerSize]byte
	if _, err := w.r.ReadAt(b[:], int64(id)*w.pageSize); err != nil {
		return h, bad(id, "%v", err)
	}
	if got := native.Uint64(b[:]); got != id {
		return h, bad(id, "calls itself page %d", got)
	}
	h = pageHeader{flags: native.Uint16(b[8:]), count: int(native.Uint16(b[10:])), overflow: native.Uint32(b[12:])}
	if uint64(h.overflow) >= w.high-id {
		return h, bad(id, "runs over the end of the file by its %d overflow pages", h.overflow)
	}
	return h, nil
}

// body reads a whole page with its overflow.
func (w *walker) body(id uint64, h pageHeader) ([]byte, error) {
	b := make([]byte, (int64(h.overflow)+1)*w.pageSize)
	if _, err := w.r.ReadAt(b, int64(id)*w.pageSize); err != nil {
		return nil, bad(id, "%v", err)
	}
	return b, nil
}

// page walks the tree under id. Leaves that hold buckets are always read.
func (w *walker) page(id uint64, buckets bool) error {
	if err := w.visit(id); err != nil {
		return err
	}
	h, err := w.header(id)
	if err != nil {
		return err
	}
	switch {
	case h.flags == branchFlag:
		return w.branch(id, h, buckets)
	case h.flags == leafFlag && !w.leaves && !buckets:
		return nil
	case h.flags == leafFlag:
		b, err := w.body(id, h)
		if err != nil {
			return err
		}
		return w.leaf(id, b, h.count, buckets)
	}
	return bad(id, "flags %#x are neither a branch's nor a leaf's", h.flags)
}

// branch walks the children. Children of one page are of one kind, so that
// the leaves among them are told by the first.
func (w *walker) branch(id uint64, h pageHeader, buckets bool) error {
	b, err := w.body(id, h)
	if err != nil {
		return err
	}
	if h.count == 0 || headerSize+h.count*elemSize > len(b) {
		return bad(id, "a branch of %d elements", h.count)
	}
	var last []byte
	onlyMark := false
	for i := range h.count {
		at := headerSize + i*elemSize
		key, ok := part(b, at, native.Uint32(b[at:]), native.Uint32(b[at+4:]))
		if !ok || i > 0 && bytes.Compare(key, last) <= 0 {
			return bad(id, "key %d is out of bounds or out of order", i)
		}
		last = key
		child := native.Uint64(b[at+8:])
		if onlyMark {
			err = w.visit(child)
		} else {
			err = w.page(child, buckets)
		}
		if err != nil {
			return err
		}
		if i == 0 && !w.leaves && !buckets {
			first, err := w.header(child)
			if err != nil {
				return err
			}
			onlyMark = first.flags == leafFlag
		}
	}
	return nil
}

// leaf checks the elements of a leaf, which may lie inline in another one, and
// walks the buckets among them.
func (w *walker) leaf(id uint64, b []byte, count int, buckets bool) error {
	if headerSize+count*elemSize > len(b) {
		return bad(id, "a leaf of %d elements", count)
	}
	var last []byte
	for i := range count {
		at := headerSize + i*elemSize
		flags, pos, ksize, vsize := native.Uint32(b[at:]), native.Uint32(b[at+4:]), native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
		key, ok := part(b, at, pos, ksize)
		if !ok || i > 0 && bytes.Compare(key, last) <= 0 {
			return bad(id, "key %d is out of bounds or out of order", i)
		}
		last = key
		value, ok := part(b, at+int(pos)+int(ksize), 0, vsize)
		if !ok || flags&^bucketFlag != 0 || flags != 0 != buckets {
			return bad(id, "value %d is out of bounds or of a wrong kind", i)
		}
		if flags == bucketFlag {
			if err := w.bucket(id, key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) bucket(id uint64, name, value []byte) error {
	if len(value) < bucketSize {
		return bad(id, "bucket %q is %d bytes", name, len(value))
	}
	if root := native.Uint64(value); root != 0 {
		return w.page(root, false)
	}
	inline := value[bucketSize:]
	if len(inline) < headerSize || native.Uint16(inline[8:]) != leafFlag {
		return bad(id, "bucket %q has no inline page", name)
	}
	return w.leaf(id, inline, int(native.Uint16(inline[10:])), false)
}

// freelist checks that no free page is in use.
func (w *walker) freelist(id uint64) error {
	if err := w.visit(id); err != nil {
		return err
	}
	h, err := w.header(id)
	if err != nil {
		return err
	}
	if h.flags != freelistFlag {
		return bad(id, "flags %#x are not a free list's", h.flags)
	}
	b, err := w.body(id, h)
	if err != nil {
		return err
	}
	ids, count := b[headerSize:], uint64(h.count)
	if count == 0xFFFF {
		count, ids = native.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return bad(id, "a free list of %d pages", count)
	}
	for i := range count {
		if err := w.visit(native.Uint64(ids[8*i:])); err != nil {
			return fmt.Errorf("free list: %w", err)
		}
	}
	return nil
}

// part returns n bytes at offset pos from base, where they lie within b.
func part(b []byte, base int, pos, n uint32) ([]byte, bool) {
	from := int64(base) + int64(pos)
	to := from + int64(n)
	if to > int64(len(b)) {
		return nil, false
	}
	return b[from:to], true
}
