// Command fnseal says whether a serverless function package may run: it lists
// what the package holds, matches it against known vulnerabilities, signs it,
// and verifies it before deployment.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args, newEnv()))
}
