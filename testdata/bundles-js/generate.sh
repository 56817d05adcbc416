#!/bin/sh
# Makes the archives in this folder anew: see README.md. Needs node and npm, and
# the npm registry.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quiet="--no-audit --no-fund --loglevel=error"

mkdir "$work/tools" "$work/out"
cp "$here/build.mjs" "$work/tools"
cd "$work/tools"
echo '{"private":true}' > package.json
npm install $quiet esbuild@0.28.2 webpack@5.112.2 rollup@4.68.7 pnpm@10.20.0 \
	@rollup/plugin-commonjs@29.0.3 @rollup/plugin-json@6.1.0 @rollup/plugin-node-resolve@16.0.3 @rollup/plugin-terser@1.0.2
PATH=$work/tools/node_modules/.bin:$PATH

for app in four small own; do
	cp -R "$here/$app" "$work/$app"
	cd "$work/$app"
	npm install $quiet
done
cp -R "$here/pnpm" "$work/pnpm"
cd "$work/pnpm" && pnpm install --silent

cd "$work/tools"
node build.mjs "$work/four" "$work/out" four nosources
node build.mjs "$work/small" "$work/out" small contents
node build.mjs "$work/pnpm" "$work/out" pnpm nosources
node build.mjs "$work/own" "$work/out" own nosources

# What --with is given: the lock files, and of each installed package its
# package.json.
for app in four small pnpm; do
	cd "$work/$app"
	rm -f "$here/$app-build.zip"
	find . \( -name package-lock.json -o -name pnpm-lock.yaml -o -path '*/node_modules/*/package.json' \) -type f |
		grep -v '/node_modules/\(.*/\)*\.package-lock' | LC_ALL=C sort | zip -9qX "$here/$app-build.zip" -@
done
cd "$work/out"
rm -f "$here"/*-bundles.zip "$here"/metafiles.zip
# To keep the folder small: no maps of bundles that are not minified (they list
# the same sources), of pnpm's no bundles that are not minified, and of the four
# only esbuild's.
for app in four own pnpm small; do
	find . -path "./$app-*/index.js*" -type f |
		grep -v -e '/[a-z]*-[a-z]*/index.js.map' -e '/pnpm-[a-z]*/' -e '/four-webpack/' -e '/four-rollup/' |
		LC_ALL=C sort | zip -9qX "$here/$app-bundles.zip" -@
done
find . -name '*.metafile.json' | grep -v -e /pnpm -e /own | LC_ALL=C sort | zip -9qX "$here/metafiles.zip" -@
cp truth.json "$here"
ls -l "$here"
