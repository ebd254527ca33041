package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Login says how a cluster is reached. The zero value is PLAINTEXT.
type Login struct {
	// Protocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
	Protocol string
	// CA is the PEM file of the authorities that may sign a broker's
	// certificate; empty means the system's. Cert and Key are the PEM files of
	// our own certificate, where brokers ask for one.
	CA, Cert, Key string
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism, User, Password string
}

// Security is a Login made ready: nil fields mean without.
type Security struct {
	TLS  *tls.Config
	SASL sasl.Mechanism
}

// Security reads the files of a login. Its errors never show the password.
func (l Login) Security() (Security, error) {
	var s Security
	var err error
	switch l.Protocol {
	case "", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
	default:
		return s, fmt.Errorf("kafka protocol %q: want PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", l.Protocol)
	}
	if strings.HasSuffix(l.Protocol, "SSL") {
		if s.TLS, err = l.tls(); err != nil {
			return Security{}, err
		}
	}
	if strings.HasPrefix(l.Protocol, "SASL_") {
		if s.SASL, err = l.sasl(); err != nil {
			return Security{}, fmt.Errorf("logging in to Kafka as %q with %s: %w", l.User, l.Mechanism, err)
		}
	}
	return s, nil
}

func (l Login) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.CA != "" {
		pem, err := os.ReadFile(l.CA)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities of Kafka's certificates: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the authorities of Kafka's certificates: %s holds no PEM certificate", l.CA)
		}
	}
	if l.Cert != "" || l.Key != "" {
		pair, err := tls.LoadX509KeyPair(l.Cert, l.Key)
		if err != nil {
			return nil, fmt.Errorf("reading our certificate for Kafka (%s) and its key (%s): %w", l.Cert, l.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func (l Login) sasl() (sasl.Mechanism, error) {
	if l.User == "" || l.Password == "" {
		return nil, errors.New("a user and a password are wanted")
	}
	switch l.Mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: l.User, Password: l.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, l.User, l.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, l.User, l.Password)
	}
	return nil, errors.New("want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
}

// refused tells whether err says that one side does not accept the other: its
// certificate, its password, or its protocol. The address can be reached, and
// trying again at once cannot help.
func refused(err error) bool {
	var certificate *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &header) {
		return true
	}
	// An alert of the other side has no type of its own.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return true
	}
	return errors.Is(err, kafka.SASLAuthenticationFailed) || errors.Is(err, kafka.UnsupportedSASLMechanism) ||
		errors.Is(err, kafka.IllegalSASLState)
}

// hungUp tells whether err says that the broker closed the connection.
func hungUp(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
