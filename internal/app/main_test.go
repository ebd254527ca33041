package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rubato/configs"
)

// childTask makes the test binary a process of its own: "relearn JOURNAL STORE"
// or "run CONFIG". Such a process is there to be killed.
const childTask = "RUBATO_TEST_CHILD"

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		if err := child(strings.Split(task, string(filepath.ListSeparator))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func child(task []string) error {
	if task[0] == "relearn" {
		hash, err := Relearn(context.Background(), task[1], task[2], relearnEvery, func(int, int) { fmt.Println("saving") })
		fmt.Println("hash", hash)
		return err
	}
	cfg, err := configs.Load(task[1], Known())
	if err != nil {
		return err
	}
	a, err := Start(context.Background(), Options{Config: cfg, ConfigPath: task[1], Log: zerolog.New(os.Stderr)})
	if err != nil {
		return err
	}
	fmt.Println("up", a.HTTP())
	select {} // until it is killed
}
