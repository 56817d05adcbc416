// build.mjs APP OUT KIND contents|nosources: bundles the app in the folder APP with esbuild, webpack
// and Rollup, minified and not, into folders of OUT named KIND-bundler[-min]:
// index.js and index.js.map as they are shipped. Beside each lies the bundler's
// own report, NAME.metafile.json. truth.json in OUT gets a line for each: the
// packages that the report lists, with the versions that the package manager's
// own listing has for their folders.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { rollup } from "rollup";
import commonjs from "@rollup/plugin-commonjs";
import json from "@rollup/plugin-json";
import resolve from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";

const require = createRequire(import.meta.url);
const esbuild = require("esbuild");
const webpack = require("webpack");

const [app, out, kind, contents] = process.argv.slice(2);
const withContents = contents === "contents";
process.chdir(app);
const entry = path.resolve("index.js");

// installed maps folders to name@version, as the package manager lists them; of
// an alias ("alias@npm:name@version") the last part counts.
const installed = new Map();
const manager = fs.existsSync("pnpm-lock.yaml") ? "pnpm" : "npm";
const depth = manager === "pnpm" ? ["--depth", "Infinity"] : ["--all"];
for (const line of execFileSync(manager, ["ls", "--parseable", "--long", ...depth], { encoding: "utf8" }).split("\n")) {
  const folder = line.split(":", 1)[0];
  const id = line.slice(folder.length + 1).split(":").filter((s) => s.includes("@")).at(-1);
  if (id && folder.includes("node_modules")) installed.set(fs.realpathSync(folder), id);
}

function packages(files) {
  const found = new Set();
  for (const file of files) {
    const parts = path.resolve(file.replace(/^\0/, "").replace(/\?.*$/, "")).split("/");
    const at = parts.lastIndexOf("node_modules");
    if (at < 0) continue;
    const folder = parts.slice(0, at + (parts[at + 1][0] === "@" ? 3 : 2)).join("/");
    if (!installed.has(folder)) throw new Error(`${manager} ls does not list ${folder}`);
    found.add(installed.get(folder));
  }
  return [...found].sort();
}

function record(name, files, metafile) {
  fs.writeFileSync(path.join(out, name + ".metafile.json"), JSON.stringify(metafile));
  const file = path.join(out, "truth.json");
  const truth = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};
  truth[name] = packages(files);
  fs.writeFileSync(file, JSON.stringify(truth, null, 1) + "\n");
}

for (const min of [false, true]) {
  const name = (bundler) => `${kind}-${bundler}${min ? "-min" : ""}`;
  {
    const dir = path.join(out, name("esbuild"));
    const { metafile } = await esbuild.build({
      entryPoints: [entry], outfile: path.join(dir, "index.js"), bundle: true, minify: min, platform: "node",
      format: "cjs", sourcemap: true, sourcesContent: withContents, metafile: true, logLevel: "error",
    });
    const o = Object.entries(metafile.outputs).find(([p]) => p.endsWith(".js"))[1];
    record(name("esbuild"), Object.entries(o.inputs).filter(([, i]) => i.bytesInOutput > 0).map(([p]) => p), metafile);
  }
  {
    const dir = path.join(out, name("webpack"));
    const stats = await new Promise((done, fail) => webpack({
      entry, target: "node", mode: min ? "production" : "development",
      devtool: withContents ? "source-map" : "nosources-source-map",
      output: { path: dir, filename: "index.js", library: { type: "commonjs2" } },
    }, (err, stats) => (err || stats.hasErrors() ? fail(err ?? stats.toString()) : done(stats))));
    const report = stats.toJson({ all: false, assets: true, ids: true, modules: true, nestedModules: true, modulesSpace: Infinity, nestedModulesSpace: Infinity });
    const files = [];
    const walk = (m) => (m.modules?.length ? m.modules.forEach(walk) : m.nameForCondition && files.push(m.nameForCondition));
    report.modules.forEach(walk);
    record(name("webpack"), files, report);
  }
  {
    const dir = path.join(out, name("rollup"));
    const bundle = await rollup({
      input: entry,
      plugins: [resolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs(), json()],
      onwarn() {},
    });
    const { output } = await bundle.write({
      file: path.join(dir, "index.js"), format: "cjs", sourcemap: true, sourcemapExcludeSources: !withContents,
      inlineDynamicImports: true, plugins: min ? [terser()] : [],
    });
    const chunk = output.find((c) => c.type === "chunk");
    const modules = Object.fromEntries(Object.entries(chunk.modules).map(([p, m]) => [p, { renderedLength: m.renderedLength }]));
    record(name("rollup"), Object.entries(modules).filter(([, m]) => m.renderedLength > 0).map(([p]) => p), [{ fileName: chunk.fileName, modules }]);
  }
}
