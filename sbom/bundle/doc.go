// Package bundle recovers the npm packages in bundled JavaScript: code that
// esbuild, webpack, Rollup and their kin have put into one file, from which the
// node_modules folders and all metadata are gone.
//
// What a bundle still tells, in the order in which it is believed:
//
//   - the bundler's own report of the build (metafile), if it is given: which
//     files of which packages are in which output;
//   - the source map that lies beside the bundle or in it: the path of each
//     source, and often its text;
//   - in code that is not minified, the path of each module, in a comment or as
//     the module's id;
//   - a package.json that the code has taken in;
//   - legal comments, which minifiers keep: those of houses that put the npm name
//     first, those of known packages, and esbuild's list of the files they are from;
//   - strings that only one package has, from a small table (known.json).
//
// Paths name packages and seldom versions. A version is stated only where it
// stands with the name: in the path of pnpm's or yarn's store, in a
// package.json, in the package's banner, in a version constant found by a rule
// of the table; or it is looked up in what is given of the build: its installed
// packages or its lock file. Otherwise the component has no version. Nothing is
// guessed: a package the evidence does not name is not listed, and the
// file it is in says so (File.State).
//
// Packages are published as bundles too, with the packages they need within.
// Those are listed; but no version is looked up for a copy that the build's own
// folders do not hold.
//
// Confidence by technique, for name and version alike; a component has that of
// its surest sign for the name, or of its surest for the version if that is
// less:
//
//	metafile, build-tree                 1
//	source-map, module-path, store-path  0.98
//	manifest, source-text                0.95
//	lock-file, license-list, banner      0.9
//	original, fingerprint                0.8
//	comment                              0.6
//
// The package reads entries and what it is explicitly given, nothing else: the
// URL in a source map comment is resolved among the entries only. All text is
// taken for hostile: names must be valid npm names and versions full semantic
// versions; sources, sizes and the work per byte are bounded.
package bundle
