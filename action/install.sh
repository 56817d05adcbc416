#!/usr/bin/env bash
# Puts fnseal on the path of this job's later steps: the released program for
# this runner, if this checkout of the action has its checksum, else one built
# from the checkout. A downloaded program that is not the one whose checksum was
# committed here is removed before anything runs it.
set -euo pipefail

: "${FNSEAL_ACTION:?is set by action.yml}" "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_PATH:?is set by the runner}"

fail() { printf 'fnseal: %s\n' "$1" >&2; exit 1; }

bin=$RUNNER_TEMP/fnseal-bin
mkdir -p "$bin"

case ${RUNNER_OS:-Linux} in
Linux) os=linux suffix= ;;
macOS) os=darwin suffix= ;;
Windows) os=windows suffix=.exe ;;
*) os=unknown suffix= ;;
esac
case ${RUNNER_ARCH:-X64} in
X64) arch=amd64 ;;
ARM64) arch=arm64 ;;
*) arch=unknown ;;
esac
name=fnseal-$os-$arch$suffix

released=''
want=''
if [ -s "$FNSEAL_ACTION/action/version.txt" ]; then
	released=$(tr -d '[:space:]' <"$FNSEAL_ACTION/action/version.txt")
	want=$(awk -v name="$name" '$2 == name { print $1 }' "$FNSEAL_ACTION/action/checksums.txt")
fi

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

download() {
	local base=${FNSEAL_DOWNLOADS:-https://github.com/fnseal/fnseal/releases/download} got
	rm -f "$bin/fnseal$suffix"
	# Only who sets FNSEAL_DOWNLOADS can have it come without TLS; the checksum
	# decides either way.
	curl --fail --silent --show-error --location --proto "=https${FNSEAL_DOWNLOADS:+,http,file}" --retry 3 \
		--max-time 300 --max-filesize 200000000 --output "$bin/download" "$base/v$released/$name" || {
		rm -f "$bin/download"
		fail "cannot download $name of release $released"
	}
	got=$(sha256 "$bin/download")
	if [ "$got" != "$want" ]; then
		rm -f "$bin/download"
		fail "$name of release $released is not the program whose checksum this action has: it is $got, and should be $want"
	fi
	chmod 755 "$bin/download"
	mv "$bin/download" "$bin/fnseal$suffix"
}

build() {
	command -v go >/dev/null || fail "this runner has no Go to build with; set it up in a step before this one, or pin the action to a release"
	# The action's checkout has no git history to stamp. An old Go fetches the
	# version that go.mod names.
	(cd "$FNSEAL_ACTION" && CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$bin/fnseal$suffix" ./cmd/fnseal)
}

case ${FNSEAL_VERSION:-} in
source) build ;;
'' | "$released" | "v$released")
	if [ -n "$released" ] && [ -n "$want" ]; then download; else build; fi
	;;
*) fail "this checkout of the action vouches for ${released:-no release}, not for version $FNSEAL_VERSION; pin the action to the commit of the release you want" ;;
esac
printf '%s\n' "$bin" >>"$GITHUB_PATH"
