#!/usr/bin/env bash
# Builds fnseal from the action's own checkout into the runner's temporary
# folder and puts it on the path of this job's later steps.
set -euo pipefail

: "${FNSEAL_ACTION:?is set by action.yml}" "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_PATH:?is set by the runner}"

if ! command -v go >/dev/null; then
	echo "fnseal: no Go on this runner to build with; set it up in a step before this one" >&2
	exit 1
fi
bin="$RUNNER_TEMP/fnseal-bin"
mkdir -p "$bin"
# The action's checkout has no git history to stamp. An old Go fetches the
# version that go.mod names.
(cd "$FNSEAL_ACTION" && CGO_ENABLED=0 GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$bin/" ./cmd/fnseal)
printf '%s\n' "$bin" >>"$GITHUB_PATH"
