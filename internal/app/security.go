package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"rubato/configs"
	"rubato/internal/signing"
	"rubato/internal/transport"
)

// security is how the configuration wants Kafka spoken to.
func security(cfg *configs.Config) (transport.Security, error) {
	k := cfg.Kafka
	password := string(cfg.Secrets.SASLPassword)
	if k.SASL.PasswordFile != "" {
		text, err := os.ReadFile(k.SASL.PasswordFile)
		if err != nil {
			return transport.Security{}, fmt.Errorf("reading kafka.sasl.password_file: %w", err)
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	return transport.Login{
		Protocol: k.Protocol, CA: k.TLS.CA, Cert: k.TLS.Cert, Key: k.TLS.Key,
		Mechanism: k.SASL.Mechanism, User: k.SASL.User, Password: password,
	}.Security()
}

// keyring holds the keys that commands are signed with; nil where none are
// configured.
func keyring(cfg *configs.Config, log zerolog.Logger) (*signing.Keyring, error) {
	switch {
	case cfg.Kafka.KeysFile != "":
		return signing.FromFile(cfg.Kafka.KeysFile, log)
	case cfg.Secrets.Keys != "":
		return signing.FromText(string(cfg.Secrets.Keys))
	}
	return nil, nil
}

// configured tells whether the configuration names a broker: to one that only a
// job names, no password is sent.
func (a *App) configured(address string) bool {
	cfg := a.config.Load()
	return slices.Contains(cfg.Kafka.Brokers, address) || slices.ContainsFunc(cfg.Groups, func(g configs.Group) bool {
		return slices.Contains(g.Sources.Brokers, address)
	})
}
