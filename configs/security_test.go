package configs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const secure = "kafka: {brokers: [k:1], protocol: SASL_SSL, sasl: {user: tuner, password_file: /run/password}, keys_file: /run/keys}\n"

func TestSecretsOfTheEnvironmentAreTakenAndNeverShown(t *testing.T) {
	c := parse(t, "kafka: {brokers: [k:1], protocol: SASL_SSL, sasl: {user: tuner}}\n",
		"RUBATO_KAFKA_SASL_PASSWORD=quite-secret", "RUBATO_KAFKA_KEYS=a 0a0a0a")
	if c.Secrets.SASLPassword != "quite-secret" || c.Secrets.Keys != "a 0a0a0a" || len(c.Warnings) != 0 {
		t.Fatalf("%v %q", c.Secrets, c.Warnings)
	}
	effective, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	shown := string(effective) + fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Secrets)
	if strings.Contains(shown, "quite-secret") || strings.Contains(shown, "0a0a0a") {
		t.Fatalf("a secret is shown: %s", shown)
	}
}

func TestASecretIsGivenInOnePlaceOnly(t *testing.T) {
	_, err := load("rubato.yaml", []byte(secure), []string{"RUBATO_KAFKA_SASL_PASSWORD=x", "RUBATO_KAFKA_KEYS=y"}, known)
	var mistakes Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 2 ||
		mistakes[0].Key != "kafka.sasl.password_file" || mistakes[1].Key != "kafka.keys_file" {
		t.Fatalf("got %v", err)
	}
	parse(t, secure)
}

func TestAPasswordInTheClearIsAWarning(t *testing.T) {
	c := parse(t, strings.Replace(secure, "SASL_SSL, sasl: {", "SASL_PLAINTEXT, sasl: {mechanism: PLAIN, ", 1))
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "in the clear") {
		t.Fatalf("%q", c.Warnings)
	}
}

func TestSecurityNeedsARestart(t *testing.T) {
	got := RestartNeeded(Default(), parse(t, strings.Replace(secure, "sasl:", "tls: {ca: ca.pem}, sasl:", 1)))
	if want := "kafka.brokers kafka.protocol kafka.tls.ca kafka.sasl.user kafka.sasl.password_file kafka.keys_file"; strings.Join(got, " ") != want {
		t.Fatalf("got %v", got)
	}
}
