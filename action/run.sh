#!/usr/bin/env bash
# Runs fnseal as the action's inputs say and tells the job what came of it:
# reports in the job summary, annotations, values in the step's outputs. Inputs
# are in FNSEAL_* variables and are never pasted into a command.
set -uo pipefail

: "${FNSEAL_COMMAND:?is set by action.yml}" "${RUNNER_TEMP:?is set by the runner}" "${GITHUB_OUTPUT:?is set by the runner}" "${GITHUB_STEP_SUMMARY:?is set by the runner}"

# What later steps of the job read stays; what only this step needs goes.
out=$(mktemp -d "$RUNNER_TEMP/fnseal.XXXXXX") || exit 1
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

# made NAME FILE sets an output to the path of a file, if it was written.
made() {
	[ ! -s "$2" ] || output "$1" "$2"
}

# field NAME prints a string member of fnseal's JSON report. The members asked
# for hold words and digests, never text from the package.
field() {
	sed -n 's/^ *"'"$1"'": "\([a-z0-9:-]*\)",\{0,1\}$/\1/p' "$out/report.json" 2>/dev/null | head -n 1
}

# base64_of turns a digest in hexadecimal into what AWS shows.
base64_of() {
	local escaped
	escaped=$(printf '%s' "$1" | sed 's/../\\x&/g')
	# shellcheck disable=SC2059 # the digits are the format
	printf "$escaped" | base64
}

# lines TEXT VARIABLE puts the lines of TEXT that are not empty into an array.
lines() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line%$'\r'}
		[ -z "$line" ] || eval "$2+=(\"\$line\")"
	done <<<"$1"
}

targets=()
lines "${FNSEAL_TARGET:-}" targets
[ ${#targets[@]} -gt 0 ] || usage "the input target is empty"
formats=()
lines "${FNSEAL_FORMATS:-}" formats
fail_on=()
lines "${FNSEAL_FAIL_ON:-}" fail_on
extra=()
lines "${FNSEAL_ARGS:-}" extra

args=(-o "json=$out/report.json")
report() { args+=(-o "markdown=$work/summary.md"); }
annotate() { args+=(-o "github=$work/annotations"); }
sarif() { args+=(-o "sarif=$out/report.sarif"); }

# documents asks for the inventory in each format.
documents() {
	args+=(-o "cyclonedx-json=$out/sbom.cdx.json")
	local f
	for f in ${formats[@]+"${formats[@]}"}; do
		case $f in
		cyclonedx-json) ;;
		cyclonedx-xml) args+=(-o "$f=$out/sbom.cdx.xml") ;;
		spdx-json) args+=(-o "$f=$out/sbom.spdx.json") ;;
		spdx3-json) args+=(-o "$f=$out/sbom.spdx3.json") ;;
		purls) args+=(-o "$f=$out/sbom.purls.txt") ;;
		*) usage "the input formats names none that is known: $f" ;;
		esac
	done
}

# single refuses several targets where a command takes one.
single() {
	[ ${#targets[@]} -eq 1 ] || usage "$FNSEAL_COMMAND takes one target, not ${#targets[@]}"
}

# signer says who signs.
signer() {
	local key=${FNSEAL_KEY:-}
	if [ -n "${FNSEAL_PRIVATE_KEY:-}" ]; then
		key=$work/private.key
		(umask 077 && printf '%s\n' "$FNSEAL_PRIVATE_KEY" >"$key")
	fi
	unset FNSEAL_PRIVATE_KEY
	# A workflow that gives no key asks for its identity's signature, and so for
	# what that makes public.
	if [ -n "$key" ]; then args+=("--key=$key"); else args+=(--yes); fi
	if [ -n "${FNSEAL_BUNDLE:-}" ]; then args+=("--bundle=$FNSEAL_BUNDLE"); fi
}

# feed brings the index up to date and names it.
feed() {
	local update=(--db "$RUNNER_TEMP/fnseal-feed/osv.db") names=() n
	mkdir -p "$RUNNER_TEMP/fnseal-feed"
	[ "$FNSEAL_FEED" = osv ] || update+=("--source=$FNSEAL_FEED")
	lines "${FNSEAL_ECOSYSTEMS:-}" names
	for n in ${names[@]+"${names[@]}"}; do update+=("--ecosystem=$n"); done
	fnseal db update "${update[@]}" || {
		local code=$?
		output verdict error
		exit "$code"
	}
	args+=(--db "$RUNNER_TEMP/fnseal-feed/osv.db")
}

threshold() {
	local f
	for f in ${fail_on[@]+"${fail_on[@]}"}; do args+=("--fail-on=$f"); done
}

bundles=''
case $FNSEAL_COMMAND in
seal)
	single
	args+=(-o table)
	report
	documents
	signer
	threshold
	if [ -n "${FNSEAL_FEED:-}" ]; then
		annotate
		sarif
		[ -z "${FNSEAL_POLICY:-}" ] || args+=("--policy=$FNSEAL_POLICY")
		feed
	else
		args+=(--no-scan)
	fi
	bundles=${FNSEAL_BUNDLE:-${targets[0]}.sigstore.jsonl}
	;;
sign)
	args=()
	signer
	[ ${#targets[@]} -gt 1 ] || bundles=${FNSEAL_BUNDLE:-${targets[0]}.sigstore.json}
	;;
sbom)
	single
	args+=(-o table)
	documents
	;;
scan)
	args+=(-o table)
	report
	annotate
	sarif
	threshold
	[ -z "${FNSEAL_POLICY:-}" ] || args+=("--policy=$FNSEAL_POLICY")
	[ -z "${FNSEAL_FEED:-}" ] || feed
	;;
verify)
	args+=(-o text)
	report
	annotate
	sarif
	[ -z "${FNSEAL_KEY:-}" ] || args+=("--key=$FNSEAL_KEY")
	[ -z "${FNSEAL_IDENTITY:-}" ] || args+=("--certificate-identity=$FNSEAL_IDENTITY" "--certificate-oidc-issuer=${FNSEAL_ISSUER:-}")
	[ -z "${FNSEAL_POLICY:-}" ] || args+=("--policy=$FNSEAL_POLICY")
	[ -z "${FNSEAL_BUNDLE:-}" ] || args+=("--bundle=$FNSEAL_BUNDLE")
	[ -n "${FNSEAL_KEY:-}${FNSEAL_IDENTITY:-}${FNSEAL_POLICY:-}" ] || usage "verifying needs the input key, certificate-identity or policy"
	;;
*) usage "the input command is none of seal, verify, scan, sbom, sign" ;;
esac

fnseal "$FNSEAL_COMMAND" ${args[@]+"${args[@]}"} ${extra[@]+"${extra[@]}"} -- "${targets[@]}"
code=$?

[ ! -s "$work/summary.md" ] || cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"
[ ! -s "$work/annotations" ] || cat "$work/annotations"
if [ ${#targets[@]} -eq 1 ]; then
	digest=$(field digest)
	output digest "$digest"
	case $digest in
	sha256:*) [ ! -f "${targets[0]}" ] || output code-sha256 "$(base64_of "${digest#sha256:}")" ;;
	esac
fi
made report-path "$out/report.json"
made sbom-path "$out/sbom.cdx.json"
made sarif-path "$out/report.sarif"
[ -z "$bundles" ] || made bundle-path "$bundles"
case $FNSEAL_COMMAND:$code in
verify:0) output verdict accepted ;;
verify:4) output verdict refused ;;
seal:0) output verdict sealed ;;
seal:3 | seal:4) output verdict not-sealed ;;
scan:0) output verdict passed ;;
scan:3) output verdict findings ;;
sbom:0 | sign:0) output verdict "done" ;;
*) output verdict error ;;
esac
exit "$code"
