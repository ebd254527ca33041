package spark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"rubato/bench/stage"
	"rubato/configs"
	"rubato/internal/app"
	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

// tuner is the shipped policy at work: the tuner as `rubato run` runs it, with
// its journal and its stores.
type tuner struct {
	app   *app.App
	write func(mode string) (path string, err error)
	mode  string
}

// controller starts what decides in the run.
func (r *run) controller(ctx context.Context) (controller, error) {
	mode := map[string]string{Frozen: "serve", Learning: "learn"}[r.key.Rival]
	if mode != "" {
		return newTuner(ctx, r, mode)
	}
	e, ok := rules.Find(r.key.Rival)
	if !ok {
		return nil, fmt.Errorf("%w: rival %q is not known", ErrOptions, r.key.Rival)
	}
	return newConductor(r, e)
}

func newTuner(ctx context.Context, r *run, mode string) (*tuner, error) {
	dir := stores(r.Results, r.key)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil { // a run that was stopped left its own
		return nil, fmt.Errorf("making the tuner's folder: %w", err)
	}
	artefact := filepath.Join(dir, "shipped.policy")
	if err := os.WriteFile(artefact, pretrained.Bytes(), 0o644); err != nil {
		return nil, fmt.Errorf("writing the shipped policy: %w", err)
	}
	t := &tuner{mode: mode, write: func(mode string) (string, error) {
		return stage.Write(dir, stage.Settings{
			Brokers: []string{r.broker.addr}, Prefix: r.prefix, HTTP: "127.0.0.1:0", Mode: mode, Artefact: artefact, Profile: r.Weights,
			Bounds: fmt.Sprintf("{min: %v, max: %v}", shortest, longest),
		})
	}}
	path, err := t.write("observe")
	if err != nil {
		return nil, err
	}
	cfg, err := configs.LoadFile(path, app.Known())
	if err != nil {
		return nil, err
	}
	t.app, err = app.Start(ctx, app.Options{
		Config: cfg, ConfigPath: path, FileAlone: true, Version: r.Version, Log: zerolog.Nop(), Message: r.message,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the tuner in %s: %w", filepath.Dir(path), err)
	}
	return t, nil
}

// stores is the folder of a run's tuner: configuration, journal and checkpoints,
// kept beside the results file.
func stores(results string, k Key) string {
	return filepath.Join(filepath.Dir(results), "stores",
		fmt.Sprintf("%s-%s-%s-%s-%gmin-seed%d-%d-%s-%s", k.Spark, k.Job, k.Weights, filepath.Base(k.Trace), k.Minutes, k.Seed, k.Repeat, k.Rival, k.Policy))
}

// Take implements controller.
func (t *tuner) Take() error {
	if _, err := t.write(t.mode); err != nil {
		return err
	}
	return t.app.Reload()
}

// Close implements controller.
func (t *tuner) Close() { t.app.Stop() }
