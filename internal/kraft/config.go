package kraft

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mechanisms of the SASL listeners.
const mechanisms = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"

// configure writes the broker's properties; it returns their file and where
// each listener will be.
func configure(o Options) (string, map[Protocol]string, error) {
	wanted := map[Protocol]int{Plaintext: 0}
	maps.Copy(wanted, o.Listeners)
	protocols := slices.Sorted(maps.Keys(wanted))
	controller, err := freePort()
	if err != nil {
		return "", nil, err
	}
	addrs := make(map[Protocol]string)
	var listeners []string
	for _, p := range protocols {
		port := wanted[p]
		if port == 0 {
			if port, err = freePort(); err != nil {
				return "", nil, err
			}
		}
		addrs[p] = local(port)
		listeners = append(listeners, fmt.Sprintf("%s://%s", p, addrs[p]))
	}
	properties := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  "1",
		"controller.quorum.voters":                 "1@" + local(controller),
		"listeners":                                strings.Join(append(listeners, "CONTROLLER://"+local(controller)), ","),
		"advertised.listeners":                     strings.Join(listeners, ","),
		"controller.listener.names":                "CONTROLLER",
		"inter.broker.listener.name":               string(Plaintext),
		"listener.security.protocol.map":           "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
		"log.dirs":                                 filepath.Join(o.Folder, "data"),
		"num.partitions":                           "1",
		"offsets.topic.num.partitions":             "1",
		"offsets.topic.replication.factor":         "1",
		"transaction.state.log.replication.factor": "1",
		"transaction.state.log.min.isr":            "1",
		"group.initial.rebalance.delay.ms":         "0",
	}
	for _, p := range protocols {
		if p.sasl() {
			login(properties, p, o.Users)
		}
		if p.tls() {
			if err := certify(properties, o); err != nil {
				return "", nil, err
			}
		}
	}
	path := filepath.Join(o.Folder, "server.properties")
	if err := os.WriteFile(path, encode(properties), 0o600); err != nil {
		return "", nil, fmt.Errorf("writing its configuration: %w", err)
	}
	return path, addrs, nil
}

// login lets the users log in at a listener. The users of SCRAM are in the
// log: the folder was formatted with them.
func login(properties map[string]string, p Protocol, users map[string]string) {
	listener := "listener.name." + strings.ToLower(string(p)) + "."
	properties["sasl.enabled.mechanisms"] = mechanisms
	plain := "org.apache.kafka.common.security.plain.PlainLoginModule required"
	for _, name := range slices.Sorted(maps.Keys(users)) {
		plain += fmt.Sprintf(" user_%s=%q", name, users[name])
	}
	properties[listener+"plain.sasl.jaas.config"] = plain + ";"
	for _, mechanism := range []string{"scram-sha-256", "scram-sha-512"} {
		properties[listener+mechanism+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	}
}

// certify writes what the TLS listeners show and trust.
func certify(properties map[string]string, o Options) error {
	if len(o.KeyPEM) == 0 || len(o.CertPEM) == 0 {
		return errors.New("a TLS listener wants a key and a certificate")
	}
	store := filepath.Join(o.Folder, "server.pem")
	if err := os.WriteFile(store, slices.Concat(o.KeyPEM, o.CertPEM), 0o600); err != nil {
		return fmt.Errorf("writing its key: %w", err)
	}
	properties["ssl.keystore.type"], properties["ssl.keystore.location"] = "PEM", store
	if len(o.ClientCAPEM) == 0 {
		return nil
	}
	trust := filepath.Join(o.Folder, "clients.pem")
	if err := os.WriteFile(trust, o.ClientCAPEM, 0o600); err != nil {
		return fmt.Errorf("writing the authority of its clients: %w", err)
	}
	properties["ssl.truststore.type"], properties["ssl.truststore.location"] = "PEM", trust
	properties["listener.name.ssl.ssl.client.auth"] = "required"
	return nil
}

// encode writes Java properties; a backslash and a line's end are escaped.
func encode(properties map[string]string) []byte {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&b, "%s=%s\n", key, escape.Replace(properties[key]))
	}
	return []byte(b.String())
}
