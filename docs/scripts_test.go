package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// node is a folder that looks like a node of Databricks, and the init script
// for it.
func node(t *testing.T) (root, script string) {
	t.Helper()
	root = t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "databricks", "driver", "conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "agent.jar"), []byte("jar"), 0o600); err != nil {
		t.Fatal(err)
	}
	return root, strings.ReplaceAll(read(t, "docs/databricks-init.sh"), "/databricks/", root+"/databricks/")
}

// run runs the init script, which must end well, and returns what it said and
// the configuration that it wrote.
func run(t *testing.T, root, script string, env ...string) (said, conf string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", script) //nolint:gosec // the script of this folder
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the init script fails: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(root, "databricks", "driver", "conf", "99-rubato.conf"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(out), string(text)
}

func TestTheInitScriptGivesTheDriverTheAgent(t *testing.T) {
	root, script := node(t)
	_, conf := run(t, root, script, "DB_IS_DRIVER=TRUE", "RUBATO_JAR="+root+"/agent.jar", "RUBATO_OPTIONS=brokers=kafka1:9093,user=driver")
	want := "[driver] {\n  \"spark.driver.defaultJavaOptions\" = \"-javaagent:" + root + "/databricks/rubato-agent.jar=brokers=kafka1:9093,user=driver\"\n}\n"
	if conf != want {
		t.Fatalf("got\n%s\nwant\n%s", conf, want)
	}
	if jar, err := os.ReadFile(filepath.Join(root, "databricks", "rubato-agent.jar")); err != nil || string(jar) != "jar" {
		t.Fatalf("the jar is not there: %q, %v", jar, err)
	}
}

func TestTheInitScriptLeavesExecutorsAlone(t *testing.T) {
	root, script := node(t)
	if said, conf := run(t, root, script, "DB_IS_DRIVER=FALSE", "RUBATO_JAR="+root+"/agent.jar"); said != "" || conf != "" {
		t.Fatalf("%s\n%s", said, conf)
	}
}

func TestTheInitScriptEndsWellWhateverIsTheMatter(t *testing.T) {
	for name, env := range map[string][]string{
		"no environment":     nil,
		"no jar named":       {"DB_IS_DRIVER=TRUE"},
		"no jar there":       {"DB_IS_DRIVER=TRUE", "RUBATO_JAR=/nowhere/agent.jar"},
		"options that break": {"DB_IS_DRIVER=TRUE", "RUBATO_JAR=JAR", `RUBATO_OPTIONS=brokers="x y"`},
	} {
		t.Run(name, func(t *testing.T) {
			root, script := node(t)
			for i, e := range env {
				env[i] = strings.Replace(e, "=JAR", "="+root+"/agent.jar", 1)
			}
			said, conf := run(t, root, script, env...)
			if conf != "" || len(env) > 0 && strings.Count(said, "goes without the agent") != 1 {
				t.Fatalf("it said %q and wrote %q", said, conf)
			}
		})
	}
	t.Run("no folder to write to", func(t *testing.T) {
		root, script := node(t)
		if err := os.RemoveAll(filepath.Join(root, "databricks")); err != nil {
			t.Fatal(err)
		}
		if said, _ := run(t, root, script, "DB_IS_DRIVER=TRUE", "RUBATO_JAR="+root+"/agent.jar"); !strings.Contains(said, "goes without the agent") {
			t.Fatalf("it said %q", said)
		}
	})
}

func TestTheOperatorsYAMLGivesTheDriverAloneTheAgent(t *testing.T) {
	var app struct {
		Spec struct {
			Driver, Executor map[string]any
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "docs/spark-operator.yaml")), &app); err != nil {
		t.Fatal(err)
	}
	flag, _ := app.Spec.Driver["javaOptions"].(string)
	if !strings.HasPrefix(flag, "-javaagent:/opt/rubato/rubato-agent.jar=brokers=") || strings.ContainsAny(flag, " \n") {
		t.Errorf("the driver's options are %q", flag)
	}
	if _, has := app.Spec.Executor["javaOptions"]; has || len(app.Spec.Executor) == 0 {
		t.Errorf("the executor is %v", app.Spec.Executor)
	}
}

func TestEveryLinkBetweenTheDocumentsLeadsSomewhere(t *testing.T) {
	for _, file := range []string{"README.md", "docs/recipes.md", "docs/security.md", "javaagent/README.md"} {
		for _, part := range strings.Split(read(t, file), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", filepath.Dir(file), target)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
