package transport_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"

	"rubato/internal/kraft"
	"rubato/internal/signing"
	"rubato/internal/transport"
	"rubato/internal/transport/transporttest"
)

const (
	user     = "tuner"
	password = "quite-secret"
	secret   = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// cluster is a real broker with every kind of listener, and the files of a
// client that it accepts, and of an authority that did not sign its
// certificate.
type cluster struct {
	*kraft.Broker
	ca, cert, key, otherCA string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	authority, other := newAuthority(t), newAuthority(t)
	serverKey, serverCert, err := authority.Certify("broker")
	if err != nil {
		t.Fatal(err)
	}
	clientKey, clientCert, err := authority.Certify("tuner")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	b, err := kraft.Start(ctx, kraft.Options{
		Folder:    t.TempDir(),
		Listeners: map[kraft.Protocol]int{kraft.SSL: 0, kraft.SASLPlaintext: 0, kraft.SASLSSL: 0},
		Users:     map[string]string{user: password},
		KeyPEM:    serverKey, CertPEM: serverCert, ClientCAPEM: authority.CertPEM,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return &cluster{
		Broker: b, ca: file("ca.pem", authority.CertPEM), otherCA: file("other.pem", other.CertPEM),
		cert: file("client.pem", clientCert), key: file("client.key", clientKey),
	}
}

func newAuthority(t *testing.T) *kraft.Authority {
	t.Helper()
	a, err := kraft.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// client is a client of the listener of a protocol.
func (c *cluster) client(t *testing.T, at kraft.Protocol, login transport.Login, keys *signing.Keyring, log zerolog.Logger) *transport.Kafka {
	t.Helper()
	security, err := login.Security()
	if err != nil {
		t.Fatal(err)
	}
	k, err := transport.NewKafka(transport.Options{Brokers: []string{c.Addr(at)}, Security: security, Keys: keys, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func TestKafkaIsReachedAsItsListenersAsk(t *testing.T) {
	c := startCluster(t)
	t.Run("accepted", func(t *testing.T) {
		for name, login := range map[string]transport.Login{
			"PLAINTEXT":                    {},
			"SSL":                          {CA: c.ca, Cert: c.cert, Key: c.key},
			"SASL_PLAINTEXT PLAIN":         {Mechanism: "PLAIN"},
			"SASL_PLAINTEXT SCRAM-SHA-256": {Mechanism: "SCRAM-SHA-256"},
			"SASL_SSL SCRAM-SHA-512":       {CA: c.ca, Mechanism: "SCRAM-SHA-512"},
		} {
			t.Run(name, func(t *testing.T) { c.carries(t, strings.Fields(name)[0], login) })
		}
	})
	t.Run("refused", c.refuses)
	t.Run("signed", c.signs)
}

// carries sends a message and reads it back.
func (c *cluster) carries(t *testing.T, protocol string, login transport.Login) {
	login.Protocol, login.User, login.Password = protocol, user, password
	k := c.client(t, kraft.Protocol(protocol), login, nil, zerolog.Nop())
	topic := strings.ReplaceAll(protocol+login.Mechanism, " ", "-")
	if err := k.EnsureTopics(bounded(t), 1, topic); err != nil {
		t.Fatal(err)
	}
	got := transporttest.Collect(t, k, transport.Subscription{Topic: topic, Earliest: true})
	k.Publish(topic, []byte("k"), []byte("v"))
	if vs := transporttest.Values(got.Messages(t, 1)); vs[0] != "v" {
		t.Fatalf("got %v", vs)
	}
}

// refuses checks that the log says what is wrong, once, and no secret; and that
// the client waits for it to be mended.
func (c *cluster) refuses(t *testing.T) {
	for name, x := range map[string]struct {
		at    kraft.Protocol
		login transport.Login
		want  string
	}{
		"wrong password with SCRAM": {kraft.SASLSSL, transport.Login{Protocol: "SASL_SSL", CA: c.ca, Mechanism: "SCRAM-SHA-256", User: user, Password: "guess-work"}, "invalid credentials"},
		"wrong password with PLAIN": {kraft.SASLPlaintext, transport.Login{Protocol: "SASL_PLAINTEXT", Mechanism: "PLAIN", User: user, Password: "guess-work"}, "Invalid username or password"},
		"authority unknown":         {kraft.SASLSSL, transport.Login{Protocol: "SASL_SSL", CA: c.otherCA, Mechanism: "PLAIN", User: user, Password: password}, "certificate signed by unknown authority"},
		"no certificate of ours":    {kraft.SSL, transport.Login{Protocol: "SSL", CA: c.ca}, "bad certificate"},
		"TLS where there is none":   {kraft.Plaintext, transport.Login{Protocol: "SSL", CA: c.ca}, "out of reach"},
		"none where there is TLS":   {kraft.SASLSSL, transport.Login{Protocol: "PLAINTEXT"}, "kafka.protocol"},
		"no login where one is due": {kraft.SASLPlaintext, transport.Login{Protocol: "PLAINTEXT"}, "kafka.protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			var log journal
			k := c.client(t, x.at, x.login, nil, zerolog.New(&log))
			ctx, cancel := context.WithCancel(bounded(t))
			ended := make(chan error, 1)
			go func() { ended <- k.EnsureTopics(ctx, 1, "never") }()
			eventually(t, "the log says "+x.want, func() bool { return log.count(x.want) > 0 })
			select {
			case err := <-ended:
				t.Errorf("gave up: %v", err)
			default:
			}
			cancel()
			if log.count(x.want) > 2 || log.count("guess-work")+log.count(password) > 0 {
				t.Errorf("the log floods or shows a secret:\n%s", log.b.String())
			}
		})
	}
}

// signs checks the headers of a published message.
func (c *cluster) signs(t *testing.T) {
	keys, err := signing.FromText("2026-11 " + secret)
	if err != nil {
		t.Fatal(err)
	}
	k := c.client(t, kraft.Plaintext, transport.Login{}, keys, zerolog.Nop())
	if err := k.EnsureTopics(bounded(t), 1, "signed"); err != nil {
		t.Fatal(err)
	}
	k.Publish("signed", []byte("app/query"), []byte("command"))
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{c.Addr(kraft.Plaintext)}, Topic: "signed", MaxWait: 100 * time.Millisecond})
	defer func() { _ = r.Close() }()
	m, err := r.ReadMessage(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(m.Key))))
	mac.Write(append(m.Key, m.Value...))
	got := map[string]string{}
	for _, h := range m.Headers {
		got[h.Key] = string(h.Value)
	}
	if len(m.Headers) != 2 || got["keyId"] != "2026-11" || got["hmac"] != string(mac.Sum(nil)) {
		t.Fatalf("got %+v", m.Headers)
	}
}

func TestALoginThatCannotBeMadeReadySaysWhy(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.pem")
	for want, login := range map[string]transport.Login{
		none:                          {Protocol: "SSL", CA: none},
		empty + " holds no PEM":       {Protocol: "SSL", CA: empty},
		"our certificate":             {Protocol: "SSL", Cert: empty, Key: none},
		"want PLAIN":                  {Protocol: "SASL_SSL", Mechanism: "GSSAPI", User: user, Password: password},
		"a user and a password":       {Protocol: "SASL_SSL", Mechanism: "PLAIN", User: user},
		`kafka protocol "HTTP": want`: {Protocol: "HTTP"},
	} {
		_, err := login.Security()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
