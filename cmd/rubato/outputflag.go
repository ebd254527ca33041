package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// standardOutput is what an output flag names that stands alone.
const standardOutput = "-"

// outputVar adds a flag for a file to write. It may stand alone, which is
// standard output; joinOutputs sees to `--name FILE`.
func outputVar(cmd *cobra.Command, to *string, name, usage string) {
	cmd.Flags().StringVar(to, name, "", usage)
	cmd.Flags().Lookup(name).NoOptDefVal = standardOutput
}

// joinOutputs writes `--name FILE` as `--name=FILE` where name is an output flag
// of the command that args name: a flag that may stand alone takes nothing else.
func joinOutputs(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args // told when they are parsed
	}
	var joined []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(joined, args[i:]...)
		}
		if isOutput(cmd, arg) && i+1 < len(args) && isValue(args[i+1]) {
			i++
			arg += "=" + args[i]
		}
		joined = append(joined, arg)
	}
	return joined
}

func isOutput(cmd *cobra.Command, arg string) bool {
	name, long := strings.CutPrefix(arg, "--")
	f := cmd.Flags().Lookup(name)
	return long && f != nil && f.NoOptDefVal == standardOutput
}

// isValue tells an argument from the next flag.
func isValue(arg string) bool { return arg == standardOutput || !strings.HasPrefix(arg, "-") }
