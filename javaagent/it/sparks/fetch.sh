#!/usr/bin/env bash
# Puts Sparks to test against under javaagent/it/target/sparks: fetch.sh 3.3.4 3.5.7_2.13 4.3.0 ...
# From Maven: a class path, with the Kafka connector where the registry has it. From PyPI: the whole distribution.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p target/sparks
target=$PWD/target/sparks

classpath() { # FILE PROFILE [PROPERTY...]
	local file=$1 profile=$2
	shift 2
	[ -s "$file" ] && return
	mvn -B -ntp -q -f sparks/pom.xml "-P$profile" "$@" dependency:build-classpath "-Dmdep.outputFile=$file.new" ||
		{ echo "rubato: Maven does not give Spark $spark: see above" >&2; exit 1; }
	mv "$file.new" "$file"
}

packages() { # FOLDER REQUIREMENT...
	local folder=$target/$1
	shift
	[ -d "$folder" ] && return
	command -v python3 >/dev/null || { echo "rubato: python3 is missing: Spark $spark comes from PyPI" >&2; exit 1; }
	python3 -m pip --version >/dev/null 2>&1 || { echo "rubato: pip is missing (python3 -m pip): Spark $spark comes from PyPI" >&2; exit 1; }
	rm -rf "$folder.new"
	python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore \
		--no-warn-conflicts --target "$folder.new" "$@"
	mv "$folder.new" "$folder"
}

for spark in "$@"; do
	spark=${spark%@*} # what follows is the Java to run it on
	echo "Spark $spark" >&2
	case $spark in
	3.5.7) ;; # the sample jobs' own: it comes with the build
	*_*) classpath "$target/$spark.classpath" sql "-Dspark=${spark%_*}" "-Dscala=${spark#*_}" ;;
	3.*) classpath "$target/$spark.classpath" kafka "-Dspark=$spark" -Dscala=2.12 ;;
	4.0.0) classpath "$target/$spark.classpath" kafka "-Dspark=$spark" -Dscala=2.13 ;;
	*)
		packages "$spark" "pyspark==$spark"
		# What a Connect client wants, and no more.
		packages connect-client grpcio==1.76.0 grpcio-status==1.76.0 googleapis-common-protos==1.72.0 \
			pandas==2.3.3 pyarrow==21.0.0 zstandard==0.25.0
		classpath "$target/connector.classpath" connector
		;;
	esac
done
