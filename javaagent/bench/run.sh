#!/bin/sh
# Measures the agent: JMH on the stream thread's cost, then whole JVMs. About 45 minutes; leave the machine alone.
# With an argument, only that class of figures in it/: HookFigures, AttachFigures, ObserveFigures or Figures.
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    mvn -q -B -Pbench -DskipTests package
    java -jar bench/target/benchmarks.jar
    set -- '*Figures'
fi
mvn -B -pl it -am -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
    -Dit.test="$1" -Dfailsafe.failIfNoSpecifiedTests=false verify | grep -E 'FIGURE|ERROR|BUILD'
