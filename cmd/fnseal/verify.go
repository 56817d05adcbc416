package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/report"
)

var verifyFormats = []string{"text", "json", "sarif", "markdown", "github"}

func verifyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "decide whether a package may run",
		ArgsUsage: "TARGET… (--key KEY.pub | --certificate-identity WHO --certificate-oidc-issuer URL) [flags]",
		Description: `Checks the package, its bundles, their signatures and the exact digest, and
prints each check with its outcome. Bundles are read from TARGET.sigstore.json
and TARGET.sigstore.jsonl, those of an image from its registry, or from the
files named by --bundle. Anything that does not hold is exit code 4.

TARGET is a file, an image by digest or tag (which is resolved once), or a
digest as in sha256:… of something that is elsewhere. Several are judged at the
same time, each by itself; one that is refused makes the exit code 4.

--exec CMD ARG… runs a command once TARGET is accepted, and only then. It takes
all that follows it. The command is given a private copy that nobody can change,
made before it was verified: {} in its arguments and FNSEAL_ARTIFACT in its
environment stand for the copy's path (of an image: its reference by digest),
FNSEAL_DIGEST for the digest, FNSEAL_CODE_SHA256 for the digest as AWS shows it.
The exit code is then the command's.

s3://BUCKET/KEY?versionId=ID is an object of S3, which is copied before it is
judged; its bundles are looked for beside it in the bucket.

--deployed FILE and --aws FUNCTION hold what AWS Lambda runs against TARGETs: each
function and layer must run the exact bytes of an accepted TARGET. Without a
TARGET, they must be sealed by the bundles of --bundle. What AWS does not say is
not checked, and makes the exit code 5.

--policy FILE demands what a policy file says: who must have signed and approved,
how it was built, its SBOM, vulnerabilities, components and more; see
docs/policy.md.

--history judges past versions by today's demands and names the newest that
passes: the one sealed last, by what logs and timestamp authorities prove; where
that lacks, the last one given. The exit code is 4 if none passes.

Examples:
  fnseal verify app.zip --key fnseal.pub
  fnseal verify app.zip --policy fnseal.yaml
  fnseal verify app.zip --key fnseal.pub --bundle release/app.sigstore.json
  fnseal verify registry.example/shop/app@sha256:… --key fnseal.pub
  fnseal verify app.zip --certificate-identity dev@example.com --certificate-oidc-issuer https://github.com/login/oauth
  fnseal verify app.zip --source-repository org/app --source-ref refs/heads/main --signer-workflow org/app/.github/workflows/release.yml
  fnseal verify dist/*.zip --key old.pub,until=2026-01-31 --key new.pub --type cyclonedx -o json
  fnseal verify app.zip shared.zip --key fnseal.pub --aws shop:42
  fnseal verify app.zip --key fnseal.pub --rebuilt rebuilt/app.zip
  fnseal verify --history releases/*.zip --policy fnseal.yaml
  aws lambda list-functions | fnseal verify --deployed - --bundle seals.jsonl --key fnseal.pub
  fnseal verify 's3://releases/app.zip?versionId=3HL4' --key fnseal.pub
  fnseal verify app.zip --key fnseal.pub --exec aws lambda update-function-code --function-name app --zip-file fileb://{}`,
		Flags: append(append(append(append(signerFlags(), demandFlags()...), receiptFlags()...),
			&cli.StringSliceFlag{Name: "bundle", Usage: "read bundles from `FILE` (JSON or JSON lines), repeatable; one that cannot be read refuses the package"},
			&cli.StringSliceFlag{Name: deployedFlag, Usage: "hold what runs against TARGETs: the answers in `FILE` of aws lambda get-function, list-functions or get-layer-version; - for standard input; repeatable"},
			&cli.StringSliceFlag{Name: awsFlag, Usage: "ask AWS Lambda what `FUNCTION` runs, as in shop, shop:42 or an ARN, and its layers; repeatable"},
			&cli.StringFlag{Name: rebuiltFlag, Usage: "compare with `OTHER`, an independent rebuild: the same bytes pass, and the same content"},
			&cli.BoolFlag{Name: historyFlag, Usage: "take TARGETs for past versions and name the newest that passes"},
			policyFlag(),
			dbFlag(),
			maxAgeFlag(),
			hazardFlag(),
			&cli.StringSliceFlag{Name: execFlag, KeepSpace: true, Usage: "run `CMD…` with a private copy of what was accepted; takes all that follows"},
			outputFlag(verifyFormats...),
		), targetFlags()...),
		Action: func(c *cli.Context) error { return verifyTargets(c, e) },
	}
}

func verifyTargets(c *cli.Context, e *env) error {
	q, err := newQuestion(c, e)
	if err != nil {
		return err
	}
	defer q.close()
	if q.command != nil && q.refusal == nil {
		return q.verifyAndRun(c.Context)
	}
	if q.asksWhatRuns() {
		return q.verifyRunning(c.Context)
	}
	if c.Bool(historyFlag) {
		return q.verifyHistory(c.Context)
	}
	verdicts, err := q.decideAll(c.Context)
	if err != nil {
		return err
	}
	return q.report(c.Context, e.out.Color, q.refs, verdicts)
}

// report writes the verdicts and says which targets, so called, are refused.
func (q *question) report(ctx context.Context, color bool, called []string, verdicts []policy.Verdict) error {
	each := func(sep string, render func(io.Writer, policy.Verdict) error) func(io.Writer) error {
		return func(w io.Writer) error {
			for i, v := range verdicts {
				if i > 0 {
					io.WriteString(w, sep)
				}
				if err := render(w, v); err != nil {
					return err
				}
			}
			return nil
		}
	}
	receipts, err := q.receipt.sign(ctx, verdicts)
	if err != nil {
		return err
	}
	style := report.Style{Color: color}
	if err := writeOutputs(ctx, q.env, q.outs,
		format{"text", each("\n", func(w io.Writer, v policy.Verdict) error { return report.VerdictText(w, v, style) })},
		format{"json", each("", report.VerdictJSON)},
		format{"sarif", func(w io.Writer) error { return report.VerdictSARIF(w, verdicts, toolVersion()) }},
		format{"markdown", each("\n", report.VerdictMarkdown)},
		format{"github", each("", report.VerdictAnnotations)},
	); err != nil {
		return err
	}
	if err := q.receipt.write(ctx, receipts); err != nil {
		return err
	}
	var refused []string
	for i, v := range verdicts {
		// Of what runs, verifyRunning says what was not checked. A target of
		// which nothing was is refused.
		if !v.Accepted() && !(v.Unchecked() && i >= len(q.refs)) {
			refused = append(refused, refusal(called[i], v))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	if n := len(verdicts); n > 1 {
		refused = append(refused, fmt.Sprintf("%d of %d targets are refused", len(refused), n))
	}
	return &resultError{code: exitRefused, msg: strings.Join(refused, "\n")}
}

// refusal names the checks that failed, each with the first reason.
func refusal(ref string, v policy.Verdict) string {
	var failed []string
	more := map[string]int{}
	reasons := map[string]string{}
	for _, c := range v.Checks {
		if c.Outcome != policy.Fail {
			continue
		}
		if _, seen := reasons[c.ID]; seen {
			more[c.ID]++
			continue
		}
		failed, reasons[c.ID] = append(failed, c.ID), c.Reason
	}
	text := ref + " is refused: " + strings.Join(failed, ", ")
	for _, id := range failed {
		text += "\n" + id + ": " + reasons[id]
		if n := more[id]; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
	}
	return text
}
