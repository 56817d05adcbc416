#!/usr/bin/env bash
# Runs fnseal as the action's inputs say and tells the job what came of it:
# the verdict in the job summary, values in the step's outputs. Inputs are in
# FNSEAL_* variables and are never pasted into a command.
set -uo pipefail

: "${FNSEAL_COMMAND:?is set by action.yml}" "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_OUTPUT:?is set by the runner}" "${GITHUB_STEP_SUMMARY:?is set by the runner}"

work=$(mktemp -d "$RUNNER_TEMP/fnseal.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

usage() {
	printf 'fnseal: %s\n' "$1" >&2
	output verdict error
	exit 2
}

# output NAME VALUE sets one of the step's outputs. A value of several lines
# could set others; none of ours has more than one.
output() {
	case $2 in
	*$'\n'* | *$'\r'*) set -- "$1" "" ;;
	esac
	printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# field NAME prints a string member of fnseal's JSON report. The members asked
# for hold words and digests, never text from the package.
field() {
	sed -n 's/^ *"'"$1"'": "\([a-z0-9:-]*\)",\{0,1\}$/\1/p' "$work/report.json" 2>/dev/null | head -n 1
}

[ -n "${FNSEAL_TARGET:-}" ] || usage "the input target is empty"
args=(-o "markdown=$work/summary.md" -o "json=$work/report.json" -o "$([ "$FNSEAL_COMMAND" = verify ] && echo text || echo table)")
[ -z "${FNSEAL_BUNDLE:-}" ] || args+=("--bundle=$FNSEAL_BUNDLE")

case $FNSEAL_COMMAND in
seal)
	bundles=${FNSEAL_BUNDLE:-$FNSEAL_TARGET.sigstore.jsonl}
	key=${FNSEAL_KEY:-}
	if [ -n "${FNSEAL_PRIVATE_KEY:-}" ]; then
		key=$work/private.key
		(umask 077 && printf '%s\n' "$FNSEAL_PRIVATE_KEY" >"$key")
	fi
	[ -n "$key" ] || usage "sealing needs the input key or private-key"
	args+=("--key=$key" "--fail-on=${FNSEAL_FAIL_ON:-none}")
	if [ -n "${FNSEAL_FEED:-}" ]; then
		fnseal db update "--source=$FNSEAL_FEED" --db "$work/osv.db" || { code=$?; output verdict error; exit "$code"; }
		args+=(--db "$work/osv.db")
	else
		args+=(--no-scan)
	fi
	;;
verify)
	[ -n "${FNSEAL_KEY:-}" ] || usage "verifying needs the input key, the path of a public key"
	args+=("--key=$FNSEAL_KEY")
	;;
*) usage "the input command is neither seal nor verify" ;;
esac
unset FNSEAL_PRIVATE_KEY

fnseal "$FNSEAL_COMMAND" "${args[@]}" -- "$FNSEAL_TARGET"
code=$?

[ ! -s "$work/summary.md" ] || cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"
output digest "$(field digest)"
case $FNSEAL_COMMAND:$code in
verify:0) output verdict accepted ;;
verify:4) output verdict refused ;;
seal:0) output verdict sealed && output bundle-path "$bundles" ;;
seal:3 | seal:4) output verdict not-sealed ;;
*) output verdict error ;;
esac
exit "$code"
