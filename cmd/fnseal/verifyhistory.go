package main

import (
	"context"
	"fmt"
	"io"

	"github.com/fnseal/fnseal/gate"
	"github.com/fnseal/fnseal/report"
)

const historyFlag = "history"

// checkHistoryFlag refuses what a choice among versions has no use for.
func (q *question) checkHistoryFlag() error {
	if !q.cli.Bool(historyFlag) {
		return nil
	}
	for _, other := range []string{execFlag, deployedFlag, awsFlag, rebuiltFlag, "receipt"} {
		if q.cli.IsSet(other) {
			return usagef("--%s chooses among past versions, and goes not with --%s", historyFlag, other)
		}
	}
	for _, o := range q.outs {
		if o.format != "text" && o.format != "json" {
			return hint(usagef("-o %s: --%s is shown in other formats", o.format, historyFlag), "one of text, json")
		}
	}
	return nil
}

// verifyHistory names the newest target that is accepted.
func (q *question) verifyHistory(ctx context.Context) error {
	verdicts, err := q.decideAll(ctx)
	if err != nil {
		return err
	}
	h := gate.NewHistory(q.refs, verdicts)
	if err := writeOutputs(ctx, q.env, q.outs,
		format{"text", func(w io.Writer) error { return report.HistoryText(w, h) }},
		format{"json", func(w io.Writer) error { return report.HistoryJSON(w, h) }},
	); err != nil {
		return err
	}
	if h.Newest < 0 {
		return &resultError{code: exitRefused, msg: fmt.Sprintf("none of %d versions passes", len(h.Versions))}
	}
	return nil
}
