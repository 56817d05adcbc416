package bundle

import "bytes"

// A script is taken for a bundle if packages were found in it, if a bundler's
// runtime is in it and it is larger than that runtime, or if it is large and
// minified: nobody minifies what no bundler has put together. All other
// scripts are taken for the function's own code.
const (
	// bundledSize is above the runtime code any bundler adds to a script
	// without dependencies, with a handler of a few hundred lines.
	bundledSize = 16 << 10
	// minifiedSize and minifiedLine: minifiers leave lines of hundreds of
	// bytes on average; people stay below a hundred.
	minifiedSize = 32 << 10
	minifiedLine = 300
)

// looksBundled reports whether a script holds more than its author wrote.
func looksBundled(code []byte, bundler string) bool {
	if bundler != "" && len(code) >= bundledSize {
		return true
	}
	return len(code) >= minifiedSize && len(code)/(1+bytes.Count(code, []byte{'\n'})) >= minifiedLine
}
