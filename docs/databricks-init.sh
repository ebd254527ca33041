#!/bin/bash
# Gives the driver of a Databricks cluster the Rubato agent; see docs/recipes.md.
# Whatever is the matter, it says so and ends well: a cluster never fails to
# start because of it, and executors are left alone.
#
# Environment of the cluster:
#   RUBATO_JAR      where the agent's jar is, such as /Volumes/main/tools/rubato/rubato-agent.jar
#   RUBATO_OPTIONS  the agent's options, such as brokers=kafka1:9093,user=driver
trap 'exit 0' EXIT

say() { echo "rubato-init: $*" >&2; }

install_agent() {
  local jar=/databricks/rubato-agent.jar conf=/databricks/driver/conf/99-rubato.conf
  if [ -z "${RUBATO_JAR:-}" ]; then
    say "RUBATO_JAR is not set: this cluster goes without the agent"
    return
  fi
  if ! cp "$RUBATO_JAR" "$jar.new" || ! mv "$jar.new" "$jar"; then
    say "the jar cannot be copied from $RUBATO_JAR: this cluster goes without the agent"
    return
  fi
  case "${RUBATO_OPTIONS:-}" in
    *[\"\\[:space:]]*)
      say "RUBATO_OPTIONS may not hold quotes, backslashes or spaces: this cluster goes without the agent"
      return ;;
  esac
  if ! printf '[driver] {\n  "spark.driver.defaultJavaOptions" = "-javaagent:%s=%s"\n}\n' \
      "$jar" "${RUBATO_OPTIONS:-}" > "$conf"; then
    rm -f "$conf"
    say "$conf cannot be written: this cluster goes without the agent"
    return
  fi
  say "the driver gets the agent"
}

if [ "${DB_IS_DRIVER:-}" = TRUE ]; then
  install_agent
fi
