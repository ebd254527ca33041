package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"rubato/internal/demo"
)

func newAgent() *cobra.Command {
	cmd := &cobra.Command{
		Use: "agent", Short: "The Java agent", Example: "  rubato agent path", Args: subCommand, RunE: help,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "path",
		Short:   "Print where the agent's jar is",
		Example: `  spark-submit --driver-java-options "-javaagent:$(rubato agent path)=brokers=127.0.0.1:9092" job.py`,
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := demo.Installed(demo.AgentJar)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), path)
			return nil
		},
	})
	return cmd
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  rubato version",
		Args:    exactArgs(0),
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprint(cmd.OutOrStdout(), versionLine())
		},
	}
}

func versionLine() string {
	return fmt.Sprintf("rubato %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
