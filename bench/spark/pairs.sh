#!/usr/bin/env bash
# Plays two rivals on a real Spark at the same time, each with its driver, its
# broker and its load held to a core of its own, so that both meet the same
# hour of the machine; they change cores from window to window. It goes on
# where it was stopped: a rival that was left without its run plays it alone. To
# sum up: rubato bench spark --only sum.
set -euo pipefail
if [ $# -lt 4 ]; then
  cat >&2 <<'USAGE'
usage: bench/spark/pairs.sh TRACES SEEDS RIVAL RIVAL [FLAGS of rubato bench spark]
   eg: bench/spark/pairs.sh "steady bursty idle diurnal" "1 2" frozen waiting-cost --out results
USAGE
  exit 2
fi
traces=$1 seeds=$2 a=$3 b=$4
shift 4
bin=$(dirname "$0")/../../bin/rubato
play() { taskset -c "$1" "$bin" bench spark --only run --rivals "$2" --trace "$3" --seed "$4" "${@:5}" & }
trap 'wait; exit 130' INT # Ctrl-C reaches the rivals too, and a second signal would end them at once
trap 'kill $(jobs -p); wait; exit 143' TERM
for seed in $seeds; do
  core=$((seed % 2))
  for trace in $traces; do
    play $core "$a" "$trace" "$seed" "$@"
    first=$!
    core=$((1 - core))
    play $core "$b" "$trace" "$seed" "$@"
    wait $first || { kill $! || true; wait; exit 1; }
    wait $!
  done
done
