package replay

import (
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	// schema is the version of blocks and payloads.
	schema = 6
	// blockBytes is the size at which a block is full.
	blockBytes  = 4 << 10
	blockHeader = 4
	frameHeader = 8
	maxCount    = 1<<16 - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errVersion says that another version of the program wrote the block.
var errVersion = errors.New("written by another version")

// versionError is errVersion with the schema of the block.
type versionError struct{ schema byte }

func (e *versionError) Error() string {
	return fmt.Sprintf("%v: schema %d, known is %d; the rubato of the version that wrote it reads it", errVersion, e.schema, schema)
}

func (e *versionError) Unwrap() error { return errVersion }

// block is a place in a buffer: records first to first+count-1.
type block struct {
	first    uint64
	count    int
	from, to int
}

// buffer holds encoded blocks that are to be written.
type buffer struct {
	data   []byte
	blocks []block
}

func (b *buffer) reset() { b.data, b.blocks = b.data[:0], b.blocks[:0] }

func (b *buffer) records() (n int) {
	for i := range b.blocks {
		n += b.blocks[i].count
	}
	return n
}

// begin makes room for the record seq and returns where its frame starts.
func (b *buffer) begin(seq uint64) int {
	if n := len(b.blocks); n == 0 || b.blocks[n-1].to-b.blocks[n-1].from >= blockBytes || b.blocks[n-1].count == maxCount {
		b.blocks = append(b.blocks, block{first: seq, from: len(b.data)})
		b.data = append(b.data, schema, 0, 0, 0)
	}
	at := len(b.data)
	b.data = append(b.data, 0, 0, 0, 0, 0, 0, 0, 0)
	return at
}

// end completes the frame at at, whose payload was appended since begin.
func (b *buffer) end(at int, seq uint64) {
	payload := b.data[at+frameHeader:]
	le.PutUint32(b.data[at:], uint32(len(payload)))
	le.PutUint32(b.data[at+4:], sum(seq, payload))
	last := &b.blocks[len(b.blocks)-1]
	last.count++
	last.to = len(b.data)
	le.PutUint16(b.data[last.from+2:], uint16(last.count))
}

// join appends the blocks of c, which follow those of b.
func (b *buffer) join(c *buffer) {
	shift := len(b.data)
	b.data = append(b.data, c.data...)
	for _, bl := range c.blocks {
		bl.from, bl.to = bl.from+shift, bl.to+shift
		b.blocks = append(b.blocks, bl)
	}
}

// sum is the checksum of a record; with the sequence in it, a record in
// another's place is found out.
func sum(seq uint64, payload []byte) uint32 {
	return crc32.Update(uint32(seq^seq>>32), castagnoli, payload)
}

// checkSchema tells whether this version wrote the block, which is not empty.
func checkSchema(b []byte) error {
	if b[0] != schema {
		return &versionError{b[0]}
	}
	return nil
}

// decodeBlock gives fn the records of a block from sequence from on. After an
// error next is the sequence that it befell.
func decodeBlock(first uint64, b []byte, from uint64, fn func(Record) error) (next uint64, fnErr, err error) {
	if len(b) < blockHeader {
		return first, nil, fmt.Errorf("a block of %d bytes", len(b))
	}
	if err := checkSchema(b); err != nil {
		return first, nil, err
	}
	count := int(le.Uint16(b[2:]))
	if b[1] != 0 || count == 0 {
		return first, nil, fmt.Errorf("a block header of %x", b[:blockHeader])
	}
	rest := b[blockHeader:]
	for i := range count {
		seq := first + uint64(i)
		if len(rest) < frameHeader || uint64(len(rest)-frameHeader) < uint64(le.Uint32(rest)) {
			return seq, nil, errors.New("a record runs over the end of its block")
		}
		payload := rest[frameHeader : frameHeader+int(le.Uint32(rest))]
		if sum(seq, payload) != le.Uint32(rest[4:]) {
			return seq, nil, errors.New("a record's checksum does not hold")
		}
		rest = rest[frameHeader+len(payload):]
		if seq < from {
			continue
		}
		rec, err := DecodeRecord(payload)
		if err != nil {
			return seq, nil, err
		}
		rec.Seq = seq
		if err := fn(rec); err != nil {
			return seq, err, nil
		}
	}
	if len(rest) > 0 {
		return first + uint64(count), nil, fmt.Errorf("%d bytes after a block's last record", len(rest))
	}
	return first + uint64(count), nil, nil
}
