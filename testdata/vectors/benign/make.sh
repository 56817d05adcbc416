#!/bin/sh
# Makes the archives of real packers in this folder. Needs python3, zip
# (Info-ZIP 3.0), jar (OpenJDK), 7z, bsdtar (libarchive) and node with the
# packages archiver, yazl and jszip reachable through NODE_PATH.
#
# All of them pack one small tree; the table in the reader's tests says what
# each packer keeps of it. The archives are not byte-reproducible: packers write
# times and their own versions.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
export TZ=UTC LC_ALL=C.UTF-8
umask 022

# The tree of the tests' function benignTree.
mkdir -p "$tree/lib/deep" "$tree/empty" "$tree/node_modules/.bin" "$tree/node_modules/x"
printf 'def handler(event, context):\n    return "ok"\n' >"$tree/index.py"
printf '#!/bin/sh\nexec true\n' >"$tree/bootstrap"
chmod 755 "$tree/bootstrap"
awk 'BEGIN { for (i = 0; i < 200; i++) print "line", i % 7 }' >"$tree/lib/deep/lines.txt"
: >"$tree/lib/zero"
printf 'x\n' >"$tree/lib/café.txt"
printf 'x\n' >"$tree/node_modules/x/cli.js"
ln -s ../x/cli.js "$tree/node_modules/.bin/x"
find "$tree" -exec touch -h -d 2024-01-02T03:04:06Z {} +

cd "$tree"
rm -f "$out"/*.zip "$out"/*.jar
zip -qry "$out/infozip-links.zip" .
zip -qr "$out/infozip.zip" .
zip -qryD "$out/infozip-no-directories.zip" .
zip -qry0X "$out/infozip-stored.zip" .
zip -qr - . | cat >"$out/infozip-pipe.zip"
jar cf "$out/jar.jar" -C "$tree" .
jar cfM0 "$out/jar-stored.jar" -C "$tree" .
7z a -bd -snl "$out/7z.zip" . >/dev/null
bsdtar -cf "$out/bsdtar.zip" --format zip .

python3 - "$out" <<'PYTHON'
import os, shutil, sys, zipfile

out = sys.argv[1]
shutil.make_archive(os.path.join(out, "python-shutil"), "zip", ".")

def files(directories):
    for folder, dirs, names in os.walk("."):
        for name in sorted((dirs if directories else []) + names):
            path = os.path.join(folder, name)
            yield path, os.path.relpath(path, ".")

class Pipe:
    "A file that cannot seek."
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()

with open(os.path.join(out, "python-pipe.zip"), "wb") as file:
    with zipfile.ZipFile(Pipe(file), "w", zipfile.ZIP_DEFLATED) as z:
        for path, name in files(True):
            z.write(path, name)

with zipfile.ZipFile(os.path.join(out, "python-comment.zip"), "w") as z:
    z.comment = b"made by a build"
    for path, name in files(False):
        z.write(path, name)

with zipfile.ZipFile(os.path.join(out, "python-zip64.zip"), "w", zipfile.ZIP_DEFLATED) as z:
    for path, name in files(False):
        with z.open(zipfile.ZipInfo.from_file(path, name), "w", force_zip64=True) as w:
            w.write(open(path, "rb").read())

# As some deploy scripts do: texts under a name, without a file behind them.
with zipfile.ZipFile(os.path.join(out, "python-writestr.zip"), "w", zipfile.ZIP_DEFLATED) as z:
    for path, name in files(False):
        z.writestr(name, open(path, "rb").read())
PYTHON

node - "$tree" "$out" <<'NODE'
const fs = require('fs'), path = require('path')
const archiver = require('archiver'), yazl = require('yazl'), JSZip = require('jszip')
const [tree, out] = process.argv.slice(2)
const to = name => fs.createWriteStream(path.join(out, name))
function files(dir, prefix = '') {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap(e =>
    e.isDirectory() ? files(path.join(dir, e.name), prefix + e.name + '/') : [prefix + e.name])
}
for (const [name, options] of [['archiver', {}], ['archiver-stored', { store: true }], ['archiver-zip64', { forceZip64: true }]]) {
  const a = archiver('zip', options)
  a.pipe(to(`node-${name}.zip`))
  a.directory(tree, false)
  a.finalize()
}
const y = new yazl.ZipFile()
for (const f of files(tree)) y.addReadStream(fs.createReadStream(path.join(tree, f)), f, { mode: fs.statSync(path.join(tree, f)).mode })
y.end()
y.outputStream.pipe(to('node-yazl-stream.zip'))
const j = new JSZip()
for (const f of files(tree)) j.file(f, fs.readFileSync(path.join(tree, f)), { unixPermissions: fs.statSync(path.join(tree, f)).mode })
j.generateNodeStream({ platform: 'UNIX', compression: 'DEFLATE', streamFiles: true }).pipe(to('node-jszip-stream.zip'))
NODE
