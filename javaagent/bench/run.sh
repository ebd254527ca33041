#!/bin/sh
# Measures the agent: JMH on the stream thread's cost, then whole JVMs. About ten minutes.
set -eu
cd "$(dirname "$0")/.."
mvn -q -B -Pbench -DskipTests package
java -jar bench/target/benchmarks.jar "$@"
mvn -B -DskipTests=false -Dsurefire.skip=true -pl it -am -Dit.test=Figures -Dfailsafe.failIfNoSpecifiedTests=false verify \
    | grep -E 'FIGURE|ERROR|BUILD'
