package broker

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockFolder makes the folder and claims it until the file is closed or the
// process ends.
func lockFolder(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make it: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock it: %w", err)
	}
	if err := claim(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
