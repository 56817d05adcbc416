#!/bin/sh
# Makes the packages of the ecosystems make.sh does not, with their package
# managers, and from the same managers the lists of what is in them. Needs the
# network and, in the PATH: mvn, unzip, npm, pnpm, node, uv, python3 with pip, cargo with
# cargo-auditable, poetry, gcc, ruby with bundler, php (zip) with composer, zip; rpm and
# rpmbuild; yarn 1 as $YARN1, yarn 4 as $YARN4. The gems and PHP packages are
# those of Debian (ruby-sinatra, ruby-jwt, ruby-addressable, ruby-mime-types,
# php-guzzlehttp-psr7, php-monolog, php-ramsey-uuid), packed again for a
# repository of files: see gems and artifact.
#
#	make-more.sh [PACKAGE…]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: "${YARN1:=yarn}" "${YARN4:=yarn}"

pack() { go run "$here/pack.go" "$@"; }
slim() { # slim FOLDER: what no component is known by
  find "$1" \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name 'CHANGELOG*' -o -name 'HISTORY*' \) -type f -delete
  find "$1" \( -name test -o -name tests -o -name __pycache__ -o -name .bin -o -name bin -o -name dist -o -name doc \) -prune -exec rm -rf {} +
}
pypi() { sed 'y/ABCDEFGHIJKLMNOPQRSTUVWXYZ_./abcdefghijklmnopqrstuvwxyz--/' | LC_ALL=C sort -u; }

# workspace FOLDER UTIL: a function in a workspace, and a package of that
# workspace it uses, found as UTIL
workspace() {
  mkdir -p "$1/packages/util" "$1/packages/fn"
  printf '{"name":"@example/util","version":"0.2.0","main":"index.js","license":"MIT","dependencies":{"ms":"2.1.3","@sideway/formula":"3.0.0"}}\n' > "$1/packages/util/package.json"
  printf '{"name":"fn","version":"0.1.0","private":true,"main":"index.js","dependencies":{"@example/util":"%s","debug":"2.6.9","semver":"5.3.0"}}\n' "$2" > "$1/packages/fn/package.json"
  echo 'exports.wait = require("ms");' > "$1/packages/util/index.js"
  echo 'exports.handler = async () => require("@example/util").wait("1s");' > "$1/packages/fn/index.js"
  printf '{"name":"orders","version":"1.0.0","private":true,"workspaces":["packages/*"]}\n' > "$1/package.json"
}

# --- pnpm: links into a store, a workspace
make_pnpm() {
  workspace "$work/pnpm" 'workspace:*' && cd "$work/pnpm"
  printf 'packages:\n  - packages/*\n' > pnpm-workspace.yaml
  pnpm install --prod --ignore-scripts --silent
  pnpm -r list --depth Infinity --json --prod | node -e '
    const out = new Set();
    const walk = (deps) => Object.values(deps || {}).forEach((d) => {
      const p = require(d.path + "/package.json"); // of a link, too
      out.add(`pkg:npm/${p.name.replace("@", "%40")}@${p.version}`);
      walk(d.dependencies);
    });
    JSON.parse(require("fs").readFileSync(0)).forEach((p) => walk(p.dependencies));
    console.log([...out].sort().join("\n"));' > "$here/pnpm.components.txt"
  slim node_modules && rm -f node_modules/.modules.yaml && pack . "$here/pnpm.zip"
}

# --- yarn 1: hoisted, with a workspace
make_yarn() {
  workspace "$work/yarn" 0.2.0 && cd "$work/yarn"
  $YARN1 install --production --ignore-scripts --no-progress --silent
  $YARN1 list --json --no-progress | node -e '
    const out = new Set();
    const walk = (trees) => trees.forEach((t) => {
      if (!t.shadow && !t.name.startsWith("fn@")) out.add("pkg:npm/" + t.name.replace(/^@/, "%40"));
      walk(t.children || []);
    });
    walk(JSON.parse(require("fs").readFileSync(0)).data.trees);
    console.log([...out].sort().join("\n"));' > "$here/yarn.components.txt"
  rm -rf node_modules/fn node_modules/.yarn-integrity # the function is no package of its own
  slim . && pack . "$here/yarn.zip"
}

# berry FOLDER LINKER
berry() {
  workspace "$1" 'workspace:*' && cd "$1"
  printf 'nodeLinker: %s\nenableGlobalCache: false\nenableScripts: false\nenableTelemetry: false\n' "$2" > .yarnrc.yml
  : > yarn.lock
  $YARN4 install > /dev/null
  $YARN4 info -A -R --json | node -e '
    const out = require("fs").readFileSync(0, "utf8").trim().split("\n").map((l) => JSON.parse(l))
      .filter((p) => !/^(fn|orders)@/.test(p.value))
      .map((p) => "pkg:npm/" + p.value.replace(/@(npm|workspace|virtual):.*/, "").replace(/^@/, "%40") + "@" + p.children.Version);
    console.log([...new Set(out)].sort().join("\n"));' > "$here/$3.components.txt"
}

# --- yarn 4 with node_modules
make_berry() {
  berry "$work/berry" node-modules yarn-berry
  rm -rf .yarn node_modules/.yarn-state.yml node_modules/fn
  slim . && pack . "$here/yarn-berry.zip"
}

# --- yarn 4 with Plug'n'Play: packages stay archives
make_pnp() {
  berry "$work/pnp" pnp yarn-pnp
  rm -f .yarn/install-state.gz .pnp.cjs # the loader, 400 kB
  grep -v '%40example' "$here/yarn-pnp.components.txt" > "$work/list" && mv "$work/list" "$here/yarn-pnp.components.txt" # a folder, not installed
  pack -store . "$here/yarn-pnp.zip"
}

# --- uv: a layer, with a lock file beside
make_uv() {
  mkdir "$work/uv" && cd "$work/uv"
  printf 'requests==2.19.1\nattrs==22.1.0\nzipp==3.8.0\n' > in.txt
  uv pip compile -q in.txt -o requirements.txt --no-header --python-version 3.11
  uv pip install -q --target python -r requirements.txt --python-version 3.11
  pip list --path python --format freeze --disable-pip-version-check | sed -n 's/^\([^=]*\)==\(.*\)$/\1 \2/p' |
    while read -r name version; do printf 'pkg:pypi/%s@%s\n' "$(echo "$name" | pypi)" "$version"; done | LC_ALL=C sort > "$here/uv.components.txt"
  rm -f in.txt python/.lock && slim python
  find python -mindepth 2 -type f -size +7k ! -path '*.dist-info/*' ! -name '__init__.py' -delete && pack . "$here/uv.zip"
  # the same, as tools that save space leave it: no metadata; the requirements
  # file names what was installed
  rm -rf python/*.dist-info
  pack . "$here/uv-stripped.zip"
}

# --- egg-info: what setuptools' own commands install, as a folder and a file
make_egg() {
  mkdir -p "$work/egg/src" && cd "$work/egg"
  for p in six==1.12.0 idna==2.7; do pip download -q --no-binary :all: --no-deps --no-build-isolation -d src "$p"; done
  for f in src/*.tar.gz; do
    tar xzf "$f" && d=$(basename "$f" .tar.gz) && (cd "$d" && python3 setup.py -q install_lib --install-dir "$work/egg/zip" 2>/dev/null >&2 &&
      python3 setup.py -q install_egg_info --install-dir "$work/egg/zip" >/dev/null 2>&1)
  done
  # six as one file, which is how distutils wrote it
  d=$(ls -d zip/six-*.egg-info) && mv "$d/PKG-INFO" six.tmp && rm -rf "$d" && mv six.tmp "$d"
  printf 'pkg:pypi/idna@2.7\npkg:pypi/six@1.12.0\n' > "$here/egg-info.components.txt"
  slim zip && rm -f zip/idna/uts46data.py && pack zip "$here/egg-info.zip"
}

# --- bundler, from a repository of files
gems() { # gems FOLDER NAME…: packs installed gems again
  cat > "$work/repack.rb" <<'RUBY'
require "rubygems/package"
require "tmpdir"
require "fileutils"
out = File.join(File.expand_path(ARGV.shift), "gems")
FileUtils.mkdir_p(out)
ARGV.each do |name|
  spec = Gem::Specification.find_by_name(name)
  Dir.mktmpdir do |dir|
    if File.directory?(spec.full_gem_path)
      FileUtils.cp_r(File.join(spec.full_gem_path, "."), dir)
    else
      FileUtils.mkdir_p(File.join(dir, "lib"))
      FileUtils.cp_r(Dir["/usr/lib/ruby/vendor_ruby/#{name}{,.rb}"], File.join(dir, "lib"))
    end
    Dir.chdir(dir) do
      FileUtils.rm_rf(Dir["data"]) # of mime-types-data, two megabytes
      spec.files = Dir["**/*"].select { |f| File.file?(f) }
      spec.test_files, spec.extra_rdoc_files, spec.executables = [], [], []
      FileUtils.mv(Gem::Package.build(spec, true), out)
    end
  end
end
RUBY
  ruby "$work/repack.rb" "$@" > /dev/null 2>&1 && gem generate_index -d "$1" > /dev/null
}
make_bundler() {
  gems "$work/gems" rack sinatra rack-protection mustermann ruby2_keywords tilt jwt addressable public_suffix mime-types mime-types-data
  mkdir "$work/ruby" && cd "$work/ruby"
  printf 'source "file://%s"\ngem "sinatra", "3.0.5"\ngem "jwt", "2.5.0"\ngem "addressable"\ngem "mime-types"\n' "$work/gems" > Gemfile
  bundle config set --local path vendor/bundle && bundle install --quiet
  # Debian's ruby2_keywords is used from the system: not in the package.
  inside=$(bundle list --paths | grep "$work/ruby/vendor" | sed 's|.*/||')
  bundle list | sed -n 's/^  \* \([^ ]*\) (\(.*\))$/\1 \2/p' | while read -r name version; do
    echo "$inside" | grep -qx "$name-$version" && echo "pkg:gem/$name@$version"
  done | LC_ALL=C sort > "$here/bundler.components.txt"
  rm -rf vendor/bundle/ruby/*/cache .bundle && slim vendor
  sed -i 's|file://.*|https://rubygems.org/|' Gemfile Gemfile.lock
  echo 'def handler(event:, context:) = { statusCode: 200 }' > lambda_function.rb
  find vendor -path '*/lib/*' -type f -size +3k -delete # small: no component is known by them
  pack . "$here/bundler.zip"
}

# --- composer, from a repository of files
artifact() { # artifact NAME VERSION FILES REQUIRE
  d=$(mktemp -d -p "$work") && mkdir "$d/src" && cp -R /usr/share/php/$3 "$d/src/"
  find "$d" -type f -size +2k -delete
  printf '{"name":"%s","version":"%s","type":"library","license":"MIT","require":%s,"autoload":{"classmap":["src/"]}}\n' "$1" "$2" "$4" > "$d/composer.json"
  (cd "$d" && zip -qrX "$work/artifacts/$(echo "$1" | tr / -)-$2.zip" .)
}
make_composer() {
  mkdir "$work/artifacts" "$work/php"
  artifact psr/log 1.1.4 Psr/Log '{"php":">=5.3.0"}'
  artifact psr/cache 1.0.1 Psr/Log '{"php":">=5.3.0"}'
  artifact psr/http-message 1.0.1 'Psr/Http/Message/[MRSU]*e[sq]*' '{"php":">=5.3.0"}'
  artifact psr/http-factory 1.0.1 'Psr/Http/Message/*Factory*' '{"php":">=7.0.0","psr/http-message":"^1.0"}'
  artifact ralouphie/getallheaders 3.0.3 getallheaders '{"php":">=5.6"}'
  artifact guzzlehttp/psr7 2.4.5 GuzzleHttp/Psr7 '{"php":"^7.2.5 || ^8.0","psr/http-factory":"^1.0","psr/http-message":"^1.0","ralouphie/getallheaders":"^3.0"}'
  artifact monolog/monolog 2.9.1 Monolog '{"php":">=7.2","psr/log":"^1.0.1 || ^2.0 || ^3.0"}'
  artifact brick/math v0.10.0 Brick/Math '{"php":"^7.4 || ^8.0","ext-json":"*"}'
  artifact ramsey/collection 1.2.2 Ramsey/Collection '{"php":"^7.3 || ^8"}'
  artifact ramsey/uuid 4.6.0 Ramsey/Uuid '{"php":"^8.0","ext-json":"*","brick/math":"^0.8.8 || ^0.9 || ^0.10","ramsey/collection":"^1.0"}'
  cd "$work/php"
  printf '{"name":"example/order-hook","license":"MIT","repositories":[{"type":"artifact","url":"%s"},{"packagist.org":false}],"require":{"guzzlehttp/psr7":"^2.4","monolog/monolog":"^2.9","ramsey/uuid":"^4.6"},"require-dev":{"psr/cache":"^1.0"}}' "$work/artifacts" > composer.json
  export COMPOSER_ALLOW_SUPERUSER=1
  composer update --no-dev --no-interaction --ignore-platform-reqs --prefer-dist --quiet
  composer show --format=json | php -r 'foreach (json_decode(stream_get_contents(STDIN), true)["installed"] as $p) echo "pkg:composer/{$p["name"]}@{$p["version"]}\n";' | LC_ALL=C sort > "$here/composer.components.txt"
  sed -i "s|$work/artifacts|artifacts|g" vendor/composer/installed.json composer.json composer.lock
  echo '<?php return fn (array $event) => ["statusCode" => 200];' > handler.php
  rm -f vendor/composer/autoload_static.php vendor/composer/autoload_classmap.php
  pack . "$here/composer.zip"
}

# --- cargo, with its list of crates in the binary
make_cargo() {
  mkdir -p "$work/rust/src" "$work/rust/zip" && cd "$work/rust"
  cat > Cargo.toml <<'TOML'
[package]
name = "bootstrap"
version = "0.3.0"
edition = "2021"
[dependencies]
serde_json = "=1.0.100"
base64 = "=0.13.0"
[build-dependencies]
autocfg = "1"
[profile.release]
opt-level = "z"
lto = true
strip = true
panic = "abort"
codegen-units = 1
TOML
  cat > src/main.rs <<'RUST'
fn main() {
    let event: serde_json::Value = serde_json::from_str("{\"id\": 7}").unwrap();
    println!("{}", base64::encode(event.to_string()));
}
RUST
  echo 'fn main() { autocfg::rerun_path("build.rs"); }' > build.rs
  cargo auditable build --release --quiet
  cargo tree --edges normal --prefix none | sed -n 's/^\([^ ]*\) v\([^ ]*\).*$/pkg:cargo\/\1@\2/p' | LC_ALL=C sort -u > "$here/cargo.components.txt"
  cp target/release/bootstrap zip/ && pack zip "$here/cargo.zip"
}

# --- maven-shade-plugin: all in one jar, relocated
make_shade() {
  mkdir -p "$work/shade/src/main/java/com/example" && cd "$work/shade"
  cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId><artifactId>order-export</artifactId><version>1.4.0</version>
  <properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>aws-lambda-java-core</artifactId><version>1.2.1</version></dependency>
    <dependency><groupId>com.google.guava</groupId><artifactId>failureaccess</artifactId><version>1.0.1</version></dependency>
    <dependency><groupId>commons-fileupload</groupId><artifactId>commons-fileupload</artifactId><version>1.3.1</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
  </dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-shade-plugin</artifactId><version>3.5.1</version>
    <executions><execution><phase>package</phase><goals><goal>shade</goal></goals>
      <configuration><relocations><relocation><pattern>org.apache.commons</pattern><shadedPattern>com.example.shaded</shadedPattern></relocation></relocations></configuration>
    </execution></executions>
  </plugin></plugins></build>
</project>
XML
  echo 'package com.example; public class Main { public String handle(String in) { return in; } }' > src/main/java/com/example/Main.java
  mvn -q -B package
  mvn -q -B dependency:list -DoutputFile=list.txt
  { sed -n 's/^ *\([^: ]*\):\([^:]*\):jar:\([^:]*\):.*$/pkg:maven\/\1\/\2@\3/p' list.txt; echo pkg:maven/com.example/order-export@1.4.0; } | LC_ALL=C sort > "$here/java-shaded.components.txt"
  mkdir jar && (cd jar && unzip -qo ../target/order-export-1.4.0.jar)
  pack jar "$here/java-shaded.jar"
}

# --- .NET: the list of a published library, from a Python package that has one
# (pythonnet 3.0.3). Two of the files it names are laid beside it as they would
# be in a published application; the list of components says so.
make_dotnet() {
  mkdir -p "$work/dotnet/zip" && cd "$work/dotnet"
  pip download -q --no-deps -d . pythonnet==3.0.3 && python3 -m zipfile -e pythonnet-*.whl wheel
  cp wheel/pythonnet/runtime/Python.Runtime.deps.json zip/
  for f in Python.Runtime Microsoft.CSharp System.Reflection.Emit; do printf 'MZ' > "zip/$f.dll"; done
  printf 'pkg:nuget/Microsoft.CSharp@4.7.0\npkg:nuget/System.Reflection.Emit@4.3.0\n' > "$here/dotnet.components.txt"
  pack zip "$here/dotnet.zip"
}

# --- .NET: what "dotnet publish" wrote of an application, NSwag's, as its npm
# package brings it along. The assemblies are cut to their first bytes: no
# component is known by the rest. The list is of the packages that have one.
make_publish() {
  mkdir "$work/publish" && cd "$work/publish"
  npm pack nswag@14.7.1 --silent > /dev/null && tar xzf nswag-*.tgz package/bin/binaries/Net80
  cd package/bin/binaries/Net80 && rm -rf runtimes ./*.pdb ./*.xml
  python3 - > "$here/dotnet-publish.components.txt" <<'PY'
import glob, json, os
out = set()
for f in glob.glob("*.deps.json"):
    d = json.load(open(f))
    for key, assets in d["targets"][d["runtimeTarget"]["name"]].items():
        if d["libraries"][key]["type"] == "package" and any(os.path.exists(os.path.basename(p)) for p in assets.get("runtime", {})):
            out.add("pkg:nuget/" + key.replace("/", "@"))
print("\n".join(sorted(out)))
PY
  find . -type f ! -name '*.json' -exec truncate -s 64 {} +
  pack . "$here/dotnet-publish.zip"
}

# --- Poetry: what it installed in its environment, packed with the lock file
make_poetry() {
  mkdir "$work/poetry" && cd "$work/poetry"
  cat > pyproject.toml <<'TOML'
[tool.poetry]
name = "order-intake"
version = "1.2.0"
description = ""
authors = ["Example <dev@example.com>"]
package-mode = false

[[tool.poetry.source]]
name = "simple"
url = "https://pypi.org/simple/"
priority = "primary"

[tool.poetry.dependencies]
python = "^3.11"
requests = "2.19.1"
pyjwt = "2.8.0"
markupsafe = "2.1.3"

[tool.poetry.group.dev.dependencies]
iniconfig = "*"
TOML
  poetry lock -q -n && POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true poetry install -q -n --only main
  poetry show --only main | awk '{ print $1, $2 }' | while read -r name version; do
    printf 'pkg:pypi/%s@%s\n' "$(echo "$name" | pypi)" "$version"
  done | LC_ALL=C sort > "$here/poetry.components.txt"
  cp -R "$(poetry env info --path)"/lib/python3*/site-packages zip
  rm -rf zip/pip* zip/setuptools* zip/_virtualenv* zip/_distutils_hack zip/*.pth zip/pkg_resources && slim zip
  find zip -mindepth 2 -type f -size +7k ! -path '*.dist-info/*' ! -name '__init__.py' -delete
  cp poetry.lock zip/ && pack zip "$here/poetry.zip"
}

# --- a fat jar as Gradle builds are written to make one: the content of all
# archives merged (zipTree), under the application's own manifest
make_gradle() {
  mkdir -p "$work/gradle/jar/com/example" "$work/gradle/lib" && cd "$work/gradle"
  cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId><artifactId>order-export</artifactId><version>1.4.0</version>
  <dependencies>
    <dependency><groupId>com.amazonaws</groupId><artifactId>aws-lambda-java-core</artifactId><version>1.2.1</version></dependency>
    <dependency><groupId>commons-fileupload</groupId><artifactId>commons-fileupload</artifactId><version>1.3.1</version></dependency>
    <dependency><groupId>com.google.guava</groupId><artifactId>failureaccess</artifactId><version>1.0.1</version></dependency>
  </dependencies>
</project>
XML
  mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib
  mvn -q -B dependency:list -DoutputFile=list.txt
  sed -n 's/^ *\([^: ]*\):\([^:]*\):jar:\([^:]*\):.*$/pkg:maven\/\1\/\2@\3/p' list.txt | LC_ALL=C sort > "$here/java-gradle.components.txt"
  for j in lib/*.jar; do unzip -qo "$j" -d jar; done
  find jar -name '*.class' -size +2k -delete
  rm -rf jar/META-INF/*.SF jar/META-INF/*.RSA
  printf 'Manifest-Version: 1.0\r\nMain-Class: com.example.Main\r\n\r\n' > jar/META-INF/MANIFEST.MF
  pack jar "$here/java-gradle.jar"
}

# --- a program with the note of the package it is from, as distributions'
# compilers and linkers write it
make_note() {
  mkdir -p "$work/note/zip" && cd "$work/note"
  echo 'int main(void) { return 0; }' > main.c
  gcc -O2 -s -o zip/bootstrap main.c -Xlinker '--package-metadata={"type":"rpm","os":"amzn","osVersion":"2023","name":"order-worker","version":"1.4.0-1.amzn2023","architecture":"x86_64"}'
  echo 'pkg:rpm/amzn/order-worker@1.4.0-1.amzn2023' > "$here/elf-note.components.txt"
  pack zip "$here/elf-note.zip"
}

# --- rpm: a database as rpm writes it (SQLite) for packages made here
make_rpm() {
  mkdir -p "$work/rpm" && cd "$work/rpm"
  # spec NAME VERSION RELEASE EPOCH REQUIRES LICENSE
  spec() {
    printf 'Name: %s\nVersion: %s\nRelease: %s\n%sSummary: s\nLicense: %s\n%s%%description\nd\n%%files\n' "$1" "$2" "$3" "${4:+Epoch: $4
}" "$6" "${5:+Requires: $5
}" > "$1.spec"
    rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "dist .amzn2023" --target x86_64 "$1.spec" > /dev/null 2>&1
  }
  spec filesystem 3.14 5.amzn2023 '' '' MIT
  spec glibc 2.34 52.amzn2023.0.11 '' filesystem LGPL-2.1-or-later
  spec openssl-libs 3.0.8 1.amzn2023.0.14 1 glibc Apache-2.0
  spec curl-minimal 8.5.0 1.amzn2023.0.4 '' openssl-libs MIT
  i=0; while [ $i -lt 12 ]; do spec "extra-$i" 1.$i 1.amzn2023 '' glibc 'GPL-2.0-or-later AND MIT'; i=$((i+1)); done
  root="$work/rpm/root" && mkdir -p "$root/etc"
  printf 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\n' > "$root/etc/os-release"
  rpm --root "$root" --define "_dbpath /var/lib/rpm" -i --nodeps --justdb --nosignature RPMS/x86_64/*.rpm 2> /dev/null
  rpm --root "$root" --define "_dbpath /var/lib/rpm" -qa --qf 'pkg:rpm/amzn/%{NAME}@%{VERSION}-%{RELEASE}\n' | LC_ALL=C sort > "$here/rpm.components.txt"
  rm -f "$root"/var/lib/rpm/.rpm.lock "$root"/var/lib/rpm/*-shm "$root"/var/lib/rpm/*-wal
  pack "$root" "$here/rpm.zip"
}

# --- dpkg: some paragraphs of this system's own database
make_dpkg() {
  mkdir -p "$work/dpkg/zip/var/lib/dpkg" "$work/dpkg/zip/usr/lib" && cd "$work/dpkg"
  names='libc6 libssl3 zlib1g perl-base libgcc-s1 gcc-12-base libcrypt1 dash'
  dpkg-query -s $names > zip/var/lib/dpkg/status
  printf '\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n' >> zip/var/lib/dpkg/status
  cp /usr/lib/os-release zip/usr/lib/
  dpkg-query -W -f 'pkg:deb/debian/${Package}@${Version}\n' $names | sed 's/+/%2B/g; s/~/~/g' | LC_ALL=C sort > "$here/dpkg.components.txt"
  pack zip "$here/dpkg.zip"
}

for name in ${*:-pnpm yarn berry pnp uv egg bundler composer cargo shade gradle dotnet publish poetry note rpm dpkg}; do
  echo "$name" >&2
  "make_$name"
done
