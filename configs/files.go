package configs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// files looks at the files that a configuration names: each mistake is one that
// would else end a start half-way.
func (r *reader) files(c *Config, known Known) {
	k := c.Kafka
	r.content("kafka.tls.ca", k.TLS.CA, func(pem []byte) error {
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return errors.New("holds no PEM certificate")
		}
		return nil
	})
	cert, key := r.content("kafka.tls.cert", k.TLS.Cert, nil), r.content("kafka.tls.key", k.TLS.Key, nil)
	if cert != nil && key != nil {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			r.at("kafka.tls.cert", "%q and the key %q: %v", k.TLS.Cert, k.TLS.Key, err)
		}
	}
	r.content("kafka.sasl.password_file", k.SASL.PasswordFile, func(text []byte) error {
		if strings.TrimRight(string(text), "\r\n") == "" {
			return errors.New("holds no password")
		}
		return nil
	})
	r.content("kafka.keys_file", k.KeysFile, known.Keys)
	if keys := string(c.Secrets.Keys); keys != "" && known.Keys != nil {
		if err := known.Keys([]byte(keys)); err != nil {
			r.mistakes = append(r.mistakes, Mistake{Where: "environment", Key: keysVariable, What: err.Error(), line: environmentLine})
		}
	}
	for i, g := range c.Groups {
		r.content(fmt.Sprintf("groups[%d].artefact", i), g.Artefact, known.Artefact)
	}
}

// content reads a file that a key names, if it names one, and says what is wrong
// with it.
func (r *reader) content(key, path string, wrong func([]byte) error) []byte {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		err = cause.Err // the path is said below
	}
	if err != nil {
		where := ""
		if dir, e := os.Getwd(); e == nil && !filepath.IsAbs(path) {
			where = " (from the folder " + dir + ")"
		}
		r.at(key, "%q cannot be read: %v%s", path, err, where)
		return nil
	}
	if wrong != nil {
		if err := wrong(text); err != nil {
			r.at(key, "%q: %v", path, err)
			return nil
		}
	}
	return text
}
