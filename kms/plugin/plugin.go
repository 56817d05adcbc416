// Package plugin is what the programs for key management services have in
// common: they read one request in sigstore's plug-in protocol
// (sigstore/sigstore, pkg/signature/kms/cliplugin), answer it and end.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

// Main answers the request in args for keys whose references begin with
// scheme, as in "awskms://", and returns the process's exit code. The provider
// of that scheme must be linked in.
func Main(scheme string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	answered, err := answer(scheme, args, stdin, stdout)
	switch {
	case err == nil && answered.ErrorMessage == "":
		return 0
	case err != nil:
		if werr := handler.WriteErrorResponse(stdout, err); werr != nil {
			fmt.Fprintln(stderr, werr)
		}
	}
	return 1
}

func answer(scheme string, args []string, stdin io.Reader, stdout io.Writer) (*common.PluginResp, error) {
	request, err := handler.GetPluginArgs(args)
	if err != nil {
		return nil, fmt.Errorf("this program is called by fnseal or cosign, not by hand: %w", err)
	}
	if request.InitOptions == nil || request.MethodArgs == nil {
		return nil, errors.New("the request is not complete")
	}
	if v := request.InitOptions.ProtocolVersion; v != common.ProtocolVersion {
		return nil, fmt.Errorf("protocol %q is not spoken here, only %s", v, common.ProtocolVersion)
	}
	ctx := context.Background()
	if deadline := request.InitOptions.CtxDeadline; deadline != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, *deadline)
		defer cancel()
	}
	key, err := kms.Get(ctx, scheme+request.InitOptions.KeyResourceID, request.InitOptions.HashFunc)
	if err != nil {
		return nil, err
	}
	return handler.Dispatch(stdout, stdin, request, key)
}
