package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"

	"github.com/fnseal/fnseal/trust"
)

// Schemes of the key management services that fnseal is released with plug-ins
// for. Others work if their plug-in is named.
var kmsSchemes = []string{"awskms", "gcpkms", "azurekms", "hashivault"}

// IsKMS reports whether a reference names a key in a key management service:
// SCHEME://KEY.
func IsKMS(ref string) bool {
	scheme, _, ok := strings.Cut(ref, "://")
	return ok && scheme != "" && !strings.ContainsAny(scheme, `/\.`)
}

// PluginError says that the program for a key management service did not do
// what it was asked to.
type PluginError struct {
	Program string
	Key     string // SCHEME://KEY
	Detail  string // what the program says, clipped
	Err     error  // may be nil
}

func (e *PluginError) Error() string {
	text := fmt.Sprintf("%s for %s", filepath.Base(e.Program), e.Key)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

func (e *PluginError) Unwrap() error { return e.Err }

// ErrNoPlugin says that the program for a key management service is not there.
var ErrNoPlugin = errors.New("there is no plug-in for this key management service")

// KMS finds keys in key management services. They are reached through
// programs, one for each service, by sigstore's plug-in protocol
// (sigstore/sigstore, pkg/signature/kms/cliplugin): what speaks to a cloud is
// none of this program's code.
type KMS struct {
	// Plugin is the program to use; empty for sigstore-kms-SCHEME beside this
	// one. $PATH is not searched: it would let whoever can write there sign.
	Plugin string

	// Timeout of one call; 0 for a minute.
	Timeout time.Duration
}

// Load returns the key that ref names. Its secret half stays where it is.
func (k KMS) Load(ctx context.Context, ref string) (*trust.PrivateKey, error) {
	scheme, key, ok := strings.Cut(ref, "://")
	if !ok || key == "" {
		return nil, fmt.Errorf("%q names no key of a key management service", ref)
	}
	program, err := k.program(scheme)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	p := plugin{program: program, ref: ref, key: key, timeout: k.Timeout}
	if p.timeout <= 0 {
		p.timeout = time.Minute
	}
	public, err := p.publicKey(ctx)
	if err != nil {
		return nil, err
	}
	private, err := trust.NewPrivateKey(&kmsSigner{plugin: p, public: public.Key})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	return private.Named(ref), nil
}

func (k KMS) program(scheme string) (string, error) {
	if k.Plugin != "" {
		// A bare name is a file here, not one that $PATH leads to.
		return filepath.Abs(k.Plugin)
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	name := "sigstore-kms-" + scheme
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		if slices.Contains(kmsSchemes, scheme) {
			return "", fmt.Errorf("%w: %s is not there", ErrNoPlugin, path)
		}
		return "", fmt.Errorf("%w: %s is not there, and fnseal brings none for %q", ErrNoPlugin, path, scheme)
	}
	return path, nil
}

// plugin is a program that does what is asked of one key.
type plugin struct {
	program, ref, key string
	timeout           time.Duration
}

// maxPluginOutput bounds what a plug-in may say: a public key or a signature.
const maxPluginOutput = 1 << 20

// call runs the plug-in for one method.
func (p plugin) call(ctx context.Context, hash crypto.Hash, method *common.MethodArgs, stdin []byte) (*common.PluginResp, error) {
	fail := func(err error, detail string) error {
		return &PluginError{Program: p.program, Key: p.ref, Err: err, Detail: clipLine(detail)}
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	args, err := json.Marshal(common.PluginArgs{
		InitOptions: &common.InitOptions{
			CtxDeadline:     &deadline,
			ProtocolVersion: common.ProtocolVersion,
			KeyResourceID:   p.key,
			HashFunc:        hash,
			RPCOptions:      &common.RPCOptions{CtxDeadline: &deadline},
		},
		MethodArgs: method,
	})
	if err != nil {
		return nil, fail(err, "")
	}
	cmd := exec.CommandContext(ctx, p.program, common.ProtocolVersion, string(args))
	cmd.WaitDelay = 2 * time.Second
	cmd.Stdin = bytes.NewReader(stdin)
	stdout, stderr := &capped{limit: maxPluginOutput}, &capped{limit: 4 << 10}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	if parent := context.Cause(ctx); parent != nil {
		if errors.Is(parent, context.Canceled) {
			return nil, parent
		}
		return nil, fail(fmt.Errorf("no answer within %v", p.timeout), stderr.String())
	}
	// A plug-in that failed in an orderly way says so in its answer, whatever
	// its exit code.
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fail(err, "")
	}
	answer := &common.PluginResp{}
	if uerr := json.Unmarshal(stdout.Bytes(), answer); uerr != nil {
		if err == nil {
			err = errors.New("its answer is not in sigstore's plug-in protocol")
		}
		return nil, fail(err, stderr.String())
	}
	if answer.ErrorMessage != "" {
		return nil, fail(nil, answer.ErrorMessage)
	}
	return answer, nil
}

func (p plugin) publicKey(ctx context.Context) (trust.PublicKey, error) {
	answer, err := p.call(ctx, crypto.SHA256, &common.MethodArgs{
		MethodName: common.PublicKeyMethodName,
		PublicKey:  &common.PublicKeyArgs{PublicKeyOptions: &common.PublicKeyOptions{}},
	}, nil)
	if err != nil {
		return trust.PublicKey{}, err
	}
	if answer.PublicKey == nil {
		return trust.PublicKey{}, &PluginError{Program: p.program, Key: p.ref, Err: errors.New("it gave no public key")}
	}
	public, err := trust.ParsePublicKey(answer.PublicKey.PublicKeyPEM)
	if err != nil {
		return trust.PublicKey{}, &PluginError{Program: p.program, Key: p.ref, Err: err}
	}
	return public, nil
}

// kmsSigner is a key in a key management service, as crypto signs with it.
type kmsSigner struct {
	plugin plugin
	public crypto.PublicKey
}

func (s *kmsSigner) Public() crypto.PublicKey { return s.public }

// Sign has a digest signed, or a message by an Ed25519 key.
func (s *kmsSigner) Sign(_ io.Reader, data []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.SignContext(context.Background(), data, opts)
}

// SignContext is Sign, which a context can end.
func (s *kmsSigner) SignContext(ctx context.Context, data []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	args := &common.SignMessageArgs{SignOptions: &common.SignOptions{}}
	var stdin []byte
	if _, ok := s.public.(ed25519.PublicKey); ok {
		stdin = data
	} else {
		args.SignOptions.MessageOptions.Digest = &data
		args.SignOptions.MessageOptions.HashFunc = &hash
	}
	answer, err := s.plugin.call(ctx, hash, &common.MethodArgs{MethodName: common.SignMessageMethodName, SignMessage: args}, stdin)
	if err != nil {
		return nil, err
	}
	if answer.SignMessage == nil || len(answer.SignMessage.Signature) == 0 {
		return nil, &PluginError{Program: s.plugin.program, Key: s.plugin.ref, Err: errors.New("it gave no signature")}
	}
	return answer.SignMessage.Signature, nil
}

// capped keeps the beginning of what is written to it.
type capped struct {
	bytes.Buffer
	limit int
}

func (c *capped) Write(p []byte) (int, error) {
	if room := c.limit - c.Len(); room > 0 {
		c.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func clipLine(s string) string { return clip(strings.Join(strings.Fields(s), " ")) }
