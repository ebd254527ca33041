package spark

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// builtWith is the Spark that the sample jobs are built with.
const builtWith = "3.5.7"

// CheckSpark tells whether the Spark that was asked for is there to be run.
func (o *Options) CheckSpark() error {
	_, err := o.classPath()
	return err
}

// classPath is that of the Spark that was asked for: empty for the one that
// comes with the build, else as javaagent/it/sparks/fetch.sh left it. A
// distribution from PyPI has no Kafka connector: it lies beside it.
func (o *Options) classPath() (string, error) {
	if o.Spark == builtWith {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(o.Sparks, o.Spark+".classpath"))
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	jars := filepath.Join(o.Sparks, o.Spark, "pyspark", "jars")
	connector, missing := os.ReadFile(filepath.Join(o.Sparks, "connector.classpath"))
	if _, gone := os.Stat(jars); missing != nil || gone != nil {
		return "", fmt.Errorf("%w: Spark %q is not in %s (javaagent/it/sparks/fetch.sh %s): %w",
			ErrOptions, o.Spark, o.Sparks, o.Spark, errors.Join(err, missing, gone))
	}
	if jars, err = filepath.Abs(jars); err != nil {
		return "", fmt.Errorf("finding Spark %s: %w", o.Spark, err)
	}
	return filepath.Join(jars, "*") + string(os.PathListSeparator) + strings.TrimSpace(string(connector)), nil
}
