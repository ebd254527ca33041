// Package signing signs commands, so that an agent can tell the tuner's from a
// stranger's.
//
// # Model
//
// A signature is the HMAC-SHA-256, under a secret that both sides hold, of the
// length of the message's key (four bytes, big-endian), the key, and the raw
// value. It travels in the Kafka header "hmac" as 32 bytes, beside the name of
// the secret in the header "keyId".
//
// Keys are read from a file, or given as text: one to a line, a name and at
// least 64 hexadecimal digits, parted by a space; lines that begin with # are
// comments. The first key signs; an agent accepts all that its own file holds.
// That is what rotation needs: see docs/security.md.
//
// # Caveats
//
// The file is looked at every few seconds while there is something to sign, and
// taken up when it has changed; one that cannot be read or is wrong leaves the
// key that was in use, and the log says so once. Metrics are not signed: TLS and
// the broker's access control are what protects them.
package signing
