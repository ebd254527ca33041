package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"rubato/internal/jvm"
)

// The files that the build puts beside the binary.
const (
	AgentJar     = "rubato-agent.jar"
	jobsJar      = "rubato-jobs.jar"
	jobsClasses  = "rubato-jobs.classpath"
	jobsJVMFlags = "rubato-jobs.args"
)

// Installed returns the path of a file that the build put beside the binary.
func Installed(name string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", name, err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", fmt.Errorf("finding %s: %w", name, err)
	}
	path := filepath.Join(filepath.Dir(exe), name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not beside the binary (%s): run `make build`", name, path)
	}
	return path, nil
}

// Job says which sample Spark job to start, and how.
type Job struct {
	// Class is the job's main class, Args its flags.
	Class string
	Args  []string
	// Agent is the argument of the agent; empty starts the JVM without it.
	Agent string
	// Spark is the class path of another Spark than the one that the jobs were
	// built with; empty for that one.
	Spark string
	// Log receives the JVM's standard error and Spark's log.
	Log string
}

// JVM is a running Spark driver. It never outlives its starter: it watches its
// standard input, and on Linux the kernel ends it with its parent.
type JVM struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}

	mu  sync.Mutex
	err error
}

// StartJVM starts a sample job in a JVM of its own.
func StartJVM(job Job) (*JVM, error) {
	java, err := jvm.Java()
	if err != nil {
		return nil, err
	}
	args, err := jvmArgs(job)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(job.Log)
	if err != nil {
		return nil, fmt.Errorf("creating Spark's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child keeps its own descriptor
	cmd := exec.Command(java, args...)
	cmd.Stderr = log
	cmd.SysProcAttr = jvm.ChildAttributes()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the Spark job: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the Spark job with %s: %w", java, err)
	}
	j := &JVM{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	go j.wait()
	return j, nil
}

// wait reaps the process.
func (j *JVM) wait() {
	err := j.cmd.Wait()
	j.mu.Lock()
	j.err = err
	j.mu.Unlock()
	close(j.done)
}

// Done is closed when the JVM has ended.
func (j *JVM) Done() <-chan struct{} { return j.done }

// Err is how the JVM ended, once Done is closed.
func (j *JVM) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		return errors.New("the Spark job ended by itself")
	}
	return fmt.Errorf("the Spark job ended: %w", j.err)
}

// PID is the JVM's process id.
func (j *JVM) PID() int { return j.cmd.Process.Pid }

// Stop ends the JVM: closes its input, asks by SIGTERM, and kills it when ctx
// ends first. It returns when the process is gone.
func (j *JVM) Stop(ctx context.Context) {
	_ = j.stdin.Close()
	_ = j.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-j.done:
	case <-ctx.Done():
		_ = j.cmd.Process.Kill()
		<-j.done
	}
}

// jvmArgs joins the flags that Spark needs on a JDK 17, the agent, the class
// path and the job.
func jvmArgs(job Job) ([]string, error) {
	flags, err := installedText(jobsJVMFlags)
	if err != nil {
		return nil, err
	}
	classes := job.Spark
	if classes == "" {
		if classes, err = installedText(jobsClasses); err != nil {
			return nil, err
		}
	}
	jar, err := Installed(jobsJar)
	if err != nil {
		return nil, err
	}
	args := append(strings.Fields(flags), "-Xmx700m")
	if job.Agent != "" {
		agent, err := Installed(AgentJar)
		if err != nil {
			return nil, err
		}
		args = append(args, "-javaagent:"+agent+"="+job.Agent)
	}
	args = append(args, "-cp", jar+string(os.PathListSeparator)+strings.TrimSpace(classes), job.Class)
	return append(args, job.Args...), nil
}

func installedText(name string) (string, error) {
	path, err := Installed(name)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return string(text), nil
}

// Tail returns the last lines of a job's log.
func Tail(path string, lines int) string { return jvm.Tail(path, lines) }

// stopGrace is how long a Spark job may take to end by itself.
const stopGrace = 10 * time.Second
