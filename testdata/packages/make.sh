#!/bin/sh
# Makes the function packages in this folder with the package managers of their
# ecosystems, and from the same managers the lists of what is in them. Needs
# npm, node, pip, mvn and go, and the network; the tests need none of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pack() { go run "$here/pack.go" "$@"; }

# --- node: scoped, aliased and nested packages, a stray package.json (tslib's
# modules/), one the lock file names for another system only (fsevents), known
# defects (axios, jsonwebtoken, qs, ws, …).
mkdir "$work/node" && cd "$work/node"
cat > package.json <<'JSON'
{
  "name": "order-webhook",
  "version": "1.4.0",
  "private": true,
  "main": "index.js",
  "dependencies": {
    "@sideway/formula": "3.0.0",
    "axios": "0.21.0",
    "jsonwebtoken": "8.5.1",
    "ms": "2.0.0",
    "old-semver": "npm:semver@5.3.0",
    "qs": "6.5.2",
    "tslib": "2.0.0",
    "ws": "7.4.5"
  },
  "devDependencies": {
    "isarray": "2.0.5"
  },
  "optionalDependencies": {
    "fsevents": "2.3.2"
  }
}
JSON
cat > index.js <<'JS'
const axios = require("axios");
const jwt = require("jsonwebtoken");
const qs = require("qs");

exports.handler = async (event) => {
  const order = qs.parse(event.body);
  const token = jwt.sign({ order: order.id }, process.env.SIGNING_KEY, { expiresIn: "5m" });
  await axios.post(process.env.ORDERS_URL, order, { headers: { authorization: `Bearer ${token}` } });
  return { statusCode: 202 };
};
JS
npm install --os=linux --omit=dev --no-audit --no-fund --ignore-scripts --silent
npm query '*' > "$work/npm-query.json"
node - "$work/npm-query.json" > "$here/node.components.txt" <<'JS'
// The package's own name, which under an alias is not that of its folder.
const installed = JSON.parse(require("fs").readFileSync(process.argv[2])).filter((p) => p.location.startsWith("node_modules/"));
console.log([...new Set(installed.map((p) => `pkg:npm/${p.name.replace("@", "%40")}@${p.version}`))].sort().join("\n"));
JS
rm -f node_modules/.package-lock.json
rm -rf node_modules/.bin node_modules/axios/dist node_modules/qs/dist node_modules/qs/test \
  node_modules/*/README.md node_modules/*/*/README.md node_modules/*/CHANGELOG.md node_modules/*/UPGRADE_GUIDE.md
find . -name '*.map' -o -name '*.d.ts' | xargs rm -f
pack . "$here/node.zip"

# --- python: names to normalise, a requirements.txt and a lock file that name
# packages which are not there.
mkdir "$work/python" && cd "$work/python"
pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --target . \
  urllib3==1.24.1 idna==2.7 python-dateutil==2.8.0 six==1.16.0 PyJWT==1.7.1 typing_extensions==4.0.0
pip list --path . --format=freeze --disable-pip-version-check |
  sed -n 's/^\([^=]*\)==\(.*\)$/\1 \2/p' |
  while read -r name version; do
    printf 'pkg:pypi/%s@%s\n' "$(printf %s "$name" | tr 'A-Z_.' 'a-z--')" "$version"
  done | LC_ALL=C sort > "$here/python.components.txt"
rm -rf bin dateutil/zoneinfo/*.tar.gz
find . -name __pycache__ -o -name '*.pth' | xargs rm -rf
cat > app.py <<'PY'
import jwt
import urllib3


def handler(event, context):
    claims = jwt.decode(event["token"], verify=False)
    return urllib3.PoolManager().request("GET", claims["iss"]).status
PY
printf 'urllib3==1.24.1\nPyJWT\nboto3==1.9.0\n' > requirements.txt
cat > Pipfile.lock <<'JSON'
{
    "_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": []},
    "default": {
        "boto3": {"hashes": [], "version": "==1.9.0"},
        "urllib3": {"hashes": [], "version": "==1.24.1"}
    },
    "develop": {}
}
JSON
pack . "$here/python.zip"

# --- java: archives in lib/ (one of them, reactive-streams, without Maven
# metadata), and the same ones nested in an executable archive.
mkdir "$work/java" && cd "$work/java"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>order-export</artifactId>
  <version>1.4.0</version>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>aws-lambda-java-core</artifactId><version>1.2.1</version></dependency>
    <dependency><groupId>com.google.guava</groupId><artifactId>failureaccess</artifactId><version>1.0.1</version></dependency>
    <dependency><groupId>commons-fileupload</groupId><artifactId>commons-fileupload</artifactId><version>1.3.1</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
    <dependency><groupId>org.reactivestreams</groupId><artifactId>reactive-streams</artifactId><version>1.0.3</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=zip/lib
mvn -q -B dependency:list -DoutputFile=list.txt
sed -n 's/^ *\([^: ]*\):\([^:]*\):jar:\([^:]*\):.*$/pkg:maven\/\1\/\2@\3/p' list.txt | LC_ALL=C sort > "$here/java.components.txt"
pack zip "$here/java.zip"
mkdir -p jar/META-INF/maven/com.example/order-export jar/BOOT-INF
cp -R zip/lib jar/BOOT-INF/lib
cp pom.xml jar/META-INF/maven/com.example/order-export/
printf 'groupId=com.example\nartifactId=order-export\nversion=1.4.0\n' > jar/META-INF/maven/com.example/order-export/pom.properties
printf 'Manifest-Version: 1.0\r\nMain-Class: com.example.Main\r\n\r\n' > jar/META-INF/MANIFEST.MF
pack -store jar "$here/java-nested.jar"
