package configs

import "strings"

// security checks how Kafka is spoken to.
func (r *reader) security(c *Config) {
	k := c.Kafka
	r.oneOf("kafka.protocol", k.Protocol, "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
	r.oneOf("kafka.sasl.mechanism", k.SASL.Mechanism, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
	protocol := k.Protocol + r.by("kafka.protocol")
	tls, sasl := strings.HasSuffix(k.Protocol, "SSL"), strings.HasPrefix(k.Protocol, "SASL_")
	if k.Protocol != "PLAINTEXT" && len(k.Brokers) == 0 {
		r.at("kafka.protocol", "%s without kafka.brokers: the embedded broker speaks PLAINTEXT alone", protocol)
	}
	if k.TLS != (TLS{}) && !tls {
		r.at("kafka.tls", "is not used by %s: want kafka.protocol SSL or SASL_SSL", protocol)
	}
	if (k.TLS.Cert == "") != (k.TLS.Key == "") {
		r.at("kafka.tls", "has a cert without its key, or a key without its cert")
	}
	both := k.SASL.PasswordFile != "" && c.Secrets.SASLPassword != ""
	switch {
	case !sasl && (k.SASL.User != "" || k.SASL.PasswordFile != ""):
		r.at("kafka.sasl", "is not used by %s: want kafka.protocol SASL_SSL or SASL_PLAINTEXT", protocol)
	case sasl && k.SASL.User == "":
		r.at("kafka.sasl.user", "is missing: %s logs in", protocol)
	case sasl && k.SASL.PasswordFile == "" && c.Secrets.SASLPassword == "":
		r.at("kafka.sasl.password_file", "is missing, and %s is not set: want one of the two", passwordVariable)
	case sasl && both:
		r.at("kafka.sasl.password_file", "is given, and %s is set too: want one of the two", passwordVariable)
	}
	if k.KeysFile != "" && c.Secrets.Keys != "" {
		r.at("kafka.keys_file", "is given, and %s is set too: want one of the two", keysVariable)
	}
	if k.Protocol == "SASL_PLAINTEXT" && k.SASL.Mechanism == "PLAIN" {
		c.Warnings = append(c.Warnings, "kafka.protocol SASL_PLAINTEXT with PLAIN sends the password in the clear: want SASL_SSL")
	}
}
