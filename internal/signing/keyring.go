package signing

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Headers of a signed message.
const (
	HeaderHMAC  = "hmac"
	HeaderKeyID = "keyId"
)

const (
	// shortest is the least number of bytes in a secret: as many as the hash.
	shortest = sha256.Size
	// lookEvery is how often the file is looked at.
	lookEvery = 5 * time.Second
)

// Key is a secret and its name.
type Key struct {
	ID     string
	secret []byte
}

// String is the key's name: the secret is never shown.
func (k Key) String() string { return k.ID }

// GoString is String.
func (k Key) GoString() string { return k.ID }

var validID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Parse reads keys. Its errors name lines and never what stands in them.
func Parse(text string) ([]Key, error) {
	var keys []Key
	seen := map[string]bool{}
	scan := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(scan.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 2 || !validID.MatchString(words[0]) {
			return nil, fmt.Errorf("line %d: want a name and hexadecimal digits, parted by a space", n)
		}
		secret, err := hex.DecodeString(words[1])
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: the secret is not hexadecimal", n)
		case len(secret) < shortest:
			return nil, fmt.Errorf("line %d: the secret has %d digits: want %d or more (openssl rand -hex 32)", n, len(words[1]), 2*shortest)
		case seen[words[0]]:
			return nil, fmt.Errorf("line %d: a key of this name stands above", n)
		}
		seen[words[0]] = true
		keys = append(keys, Key{words[0], secret})
	}
	if err := scan.Err(); err != nil {
		return nil, errors.New("a line is too long")
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no key")
	}
	return keys, nil
}

// Keyring signs by the first of its keys. Its methods may be called by many
// goroutines.
type Keyring struct {
	path string
	log  zerolog.Logger
	now  func() time.Time

	mu     sync.Mutex
	key    Key
	looked time.Time
	seen   stamp
	ill    bool
}

// stamp tells one version of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

// FromText is a keyring of keys given as text, which never change.
func FromText(text string) (*Keyring, error) {
	keys, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the signing keys: %w", err)
	}
	return &Keyring{key: keys[0]}, nil
}

// FromFile is a keyring of a file that is taken up anew when it changes.
func FromFile(path string, log zerolog.Logger) (*Keyring, error) {
	k := &Keyring{path: path, log: log, now: time.Now}
	seen, err := k.read()
	if err != nil {
		return nil, err
	}
	k.seen, k.looked = seen, k.now()
	return k, nil
}

// read takes the file's first key.
func (k *Keyring) read() (stamp, error) {
	info, err := os.Stat(k.path)
	if err != nil {
		return stamp{}, fmt.Errorf("reading the signing keys: %w", err)
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return stamp{}, fmt.Errorf("reading the signing keys: %w", err)
	}
	keys, err := Parse(string(text))
	if err != nil {
		return stamp{}, fmt.Errorf("reading the signing keys of %s: %w", k.path, err)
	}
	k.key = keys[0]
	return stamp{info.ModTime(), info.Size()}, nil
}

// Sign returns the name of the key in use and the signature under it.
func (k *Keyring) Sign(key, value []byte) (id string, sum []byte) {
	k.mu.Lock()
	k.look()
	with := k.key
	k.mu.Unlock()
	mac := hmac.New(sha256.New, with.secret)
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(key))))
	mac.Write(key)
	mac.Write(value)
	return with.ID, mac.Sum(nil)
}

// look takes up a file that has changed.
func (k *Keyring) look() {
	if k.path == "" || k.now().Sub(k.looked) < lookEvery {
		return
	}
	k.looked = k.now()
	info, err := os.Stat(k.path)
	if err == nil && k.seen == (stamp{info.ModTime(), info.Size()}) {
		return
	}
	before := k.key.ID
	seen, err := k.read()
	if err != nil {
		if !k.ill {
			k.log.Warn().Err(err).Str("keyId", before).Msg("signing keys cannot be read: the key in use stays")
		}
		k.ill = true
		return
	}
	k.seen, k.ill = seen, false
	k.log.Info().Str("keyId", k.key.ID).Str("before", before).Msg("signing keys were read anew")
}
