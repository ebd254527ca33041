// Package docs_test runs what the documents say: the commands of the README's
// first steps, the lines of the security page, and the scripts beside them.
package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rubato/internal/jvm"
	"rubato/internal/kraft"
)

// patience bounds what a test waits for: starts of JVMs on a busy machine.
const patience = 6 * time.Minute

// read is a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is the first fenced block of a language after a heading.
func block(t *testing.T, text, heading, language string) string {
	t.Helper()
	_, after, found := strings.Cut(text, heading)
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(after)
	if !found || m == nil {
		t.Fatalf("no %s block after %q", language, heading)
	}
	return m[1]
}

// freeAddr is an address on loopback that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// stage is a folder that looks like the repository after `make build`, with a
// spark-submit on the path.
type stage struct {
	dir  string
	http string
	env  []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{dir: t.TempDir(), http: freeAddr(t)}
	for _, name := range []string{"rubato", "rubato-agent.jar", "rubato-jobs.jar", "rubato-jobs.classpath"} {
		if _, err := os.Stat(filepath.Join(root, "bin", name)); err != nil {
			t.Fatalf("%v: run `make build`", err)
		}
	}
	for _, name := range []string{"bin", "configs"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(os.Environ(), "PATH="+s.sparkHome(t)+string(os.PathListSeparator)+os.Getenv("PATH"), "RUBATO_HTTP_LISTEN="+s.http)
	return s
}

// submit does what Spark's own bin/spark-submit does: it asks Spark's launcher
// for the command, and becomes it.
const submit = `#!/bin/bash
export SPARK_HOME='%[1]s' SPARK_SCALA_VERSION=2.12
command=()
while IFS= read -r -d '' word; do command+=("$word"); done < <(
  '%[2]s' -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main org.apache.spark.deploy.SparkSubmit "$@" | tail -n +2)
exec "${command[@]}"
`

// sparkHome makes a Spark distribution of the jars that Maven brought, and
// returns its bin folder.
func (s *stage) sparkHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(s.dir, "spark")
	for _, folder := range []string{"bin", "jars"} {
		if err := os.MkdirAll(filepath.Join(home, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for jar := range strings.SplitSeq(strings.TrimSpace(read(t, "bin/rubato-jobs.classpath")), string(os.PathListSeparator)) {
		if err := os.Symlink(jar, filepath.Join(home, "jars", filepath.Base(jar))); err != nil {
			t.Fatal(err)
		}
	}
	java, err := jvm.Java()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(home, "bin", "spark-submit")
	if err := os.WriteFile(script, fmt.Appendf(nil, submit, home, java), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(script)
}

// bash runs a script in the stage to its end; nothing that it started outlives
// the test. It returns all that was written.
func (s *stage) bash(t *testing.T, script string, env ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	file := filepath.Join(s.dir, "said.txt")
	said, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = said.Close() }()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = s.dir, append(s.env, env...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, jvm.ChildAttributes()
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	err = cmd.Run()
	if cmd.Process != nil {
		_ = kill()
	}
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(text), err
}

func startBroker(t *testing.T, o kraft.Options) *kraft.Broker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o.Folder = t.TempDir()
	b, err := kraft.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// until repeats a command of the README until what it prints fits a pattern: a
// reader looks again, too.
func until(command, pattern string) string {
	return fmt.Sprintf(`until seen="$(%s 2>&1)"; echo "$seen" >&2; grep -qE '%s' <<<"$seen"; do sleep 0.5; done`, command, pattern)
}

func TestTheReadmesFirstStepsLeadToACommandedQuery(t *testing.T) {
	steps := block(t, read(t, "README.md"), "## Look first, then give it control", "sh")
	if n := strings.Count(steps, "\n"); n >= 20 {
		t.Errorf("the first steps take %d lines", n)
	}
	broker := startBroker(t, kraft.Options{})
	s := newStage(t)
	// Four things are not as they stand: what make builds is there already, the
	// broker is a real Kafka, the ports are free ones, and status is asked until
	// there is something to see.
	script := strings.ReplaceAll(steps, "127.0.0.1:9092", broker.Addr(kraft.Plaintext))
	script, made := strings.CutPrefix(script, "make build ")
	if !made || strings.Count(script, "\nbin/rubato status ") != 2 {
		t.Fatalf("the steps are not those that this test knows:\n%s", steps)
	}
	status := "bin/rubato status --address " + s.http
	script = strings.Replace(script, "\nbin/rubato status ", "\n"+until(status, "rubato-idle/idle +default +observe +(waiting|batch).* - ")+" ", 1)
	script = strings.Replace(script, "\nbin/rubato status ", "\n"+until(status, "rubato-idle/idle +default +learn +(waiting|batch)( +[^ ]+){4} +[0-9.]+m?s ")+" ", 1)
	said, err := s.bash(t, "true "+script+"\nwait %1\n", "RUBATO_KAFKA_BROKERS="+broker.Addr(kraft.Plaintext))
	if err != nil || !strings.Contains(said, "every query is released") {
		t.Fatalf("%v; it said\n%s", err, said)
	}
}

func TestTheSecurityPageLeadsToSignedCommandsThatAreObeyed(t *testing.T) {
	authority, err := kraft.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	key, cert, err := authority.Certify("broker")
	if err != nil {
		t.Fatal(err)
	}
	broker := startBroker(t, kraft.Options{
		Listeners: map[kraft.Protocol]int{kraft.SASLSSL: 0}, KeyPEM: key, CertPEM: cert,
		Users: map[string]string{"tuner": "pass-of-tuner", "driver": "pass-of-driver"},
	})
	s := newStage(t)
	page := strings.NewReplacer("/etc/rubato", s.dir, "kafka1:9093", broker.Addr(kraft.SASLSSL)).Replace(read(t, "docs/security.md"))
	for name, text := range map[string]string{
		"ca.pem": string(authority.CertPEM), "tuner.password": "pass-of-tuner\n", "driver.password": "pass-of-driver\n",
		"rubato.yaml": block(t, page, "**3. The tuner**", "yaml") + "groups: [{name: all, match: ['*'], mode: learn}]\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := strings.ReplaceAll(block(t, page, "**4. The drivers**", ""), "\n", "")
	script := block(t, page, "**2. Files**", "sh") + `
bin/rubato run --config rubato.yaml &
spark-submit --conf "spark.driver.defaultJavaOptions=-javaagent:$PWD/bin/rubato-agent.jar=` + options + `" \
  --class io.rubato.jobs.IdleJob bin/rubato-jobs.jar --interval 2s &
` + until("bin/rubato status --json --address "+s.http, `"applied":[1-9]`) + `
bin/rubato status --json --address ` + s.http + ` > last.json
kill %2 %1; wait %1
`
	said, err := s.bash(t, script)
	if err != nil {
		t.Fatalf("%v; it said\n%s", err, said)
	}
	last, err := os.ReadFile(filepath.Join(s.dir, "last.json"))
	if err != nil || bytes.Contains(last, []byte(`"unsigned"`)) || bytes.Contains(last, []byte(`"signature"`)) {
		t.Errorf("commands were refused: %v\n%s", err, last)
	}
	keys, err := os.ReadFile(filepath.Join(s.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "signed with one of the keys k1") {
		t.Errorf("the agent asks for no signature:\n%s", said)
	}
	for _, secret := range []string{"pass-of-tuner", "pass-of-driver", strings.Fields(string(keys))[1]} {
		if strings.Contains(said+string(last), secret) {
			t.Errorf("a secret is shown:\n%s", said)
		}
	}
}
