#!/bin/sh
# Measures the agent: JMH on the stream thread's cost, then whole JVMs. About ten minutes; leave the machine alone.
set -eu
cd "$(dirname "$0")/.."
mvn -q -B -Pbench -DskipTests package
java -jar bench/target/benchmarks.jar "$@"
mvn -B -pl it -am -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
    -Dit.test=Figures -Dfailsafe.failIfNoSpecifiedTests=false verify | grep -E 'FIGURE|ERROR|BUILD'
