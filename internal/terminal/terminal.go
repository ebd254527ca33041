package terminal

import (
	"io"
	"os"
)

// Is tells whether what is written to out is shown on a terminal.
func Is(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
