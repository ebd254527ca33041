package spark

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// spent is what a driver has used and written so far.
type spent struct {
	cpu   float64 // s; 0 where the system does not tell
	files int
	bytes int64
}

// spent looks at the driver's processor time and at the files of its sink.
func (r *run) spent() spent {
	s := spent{cpu: cpuSeconds(r.jvm.PID())}
	// What vanishes while it is looked at was no output.
	_ = filepath.WalkDir(filepath.Join(r.dir, "files"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "part-") {
			return nil
		}
		if info, err := d.Info(); err == nil {
			s.files++
			s.bytes += info.Size()
		}
		return nil
	})
	return s
}

// ticksPerSecond is Linux's USER_HZ, the same on every platform that Go runs on.
const ticksPerSecond = 100

// cpuSeconds is a process's time in user and kernel mode, from Linux's /proc.
func cpuSeconds(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // from the state on
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	kernel, _ := strconv.ParseFloat(fields[12], 64)
	return (user + kernel) / ticksPerSecond
}

// loadAverage is that of the last minute, where the system tells.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		n, _ := strconv.ParseFloat(fields[0], 64)
		return n
	}
	return 0
}
