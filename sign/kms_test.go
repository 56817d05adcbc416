package sign_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"

	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/verify"
)

// TestMain makes this binary a plug-in when it is called as one. It answers
// through sigstore's own half of the protocol.
func TestMain(m *testing.M) {
	if path := os.Getenv("FNSEAL_TEST_PLUGIN_KEY"); path != "" {
		os.Exit(pluginMain(path))
	}
	os.Exit(m.Run())
}

// localKey is a key in a file, as a provider of sigstore's interface.
type localKey struct{ signature.ECDSASignerVerifier }

func (localKey) DefaultAlgorithm() string      { return "p256" }
func (localKey) SupportedAlgorithms() []string { return []string{"p256"} }

func (localKey) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errors.ErrUnsupported
}

func (localKey) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.ErrUnsupported
}

func pluginMain(path string) int {
	args, err := handler.GetPluginArgs(os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch args.InitOptions.KeyResourceID {
	case "silent":
		return 1
	case "chatty":
		fmt.Print("hello")
		fmt.Fprintln(os.Stderr, "this is what went wrong")
		return 1
	case "slow":
		time.Sleep(time.Minute)
	case "missing":
		if handler.WriteErrorResponse(os.Stdout, errors.New("no such key")) != nil {
			return 2
		}
		return 1
	case "empty":
		if handler.WriteResponse(os.Stdout, &common.PluginResp{}) != nil {
			return 2
		}
		return 0
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return 1
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return 1
	}
	sv, err := signature.LoadECDSASignerVerifier(key, args.InitOptions.HashFunc)
	if err != nil {
		return 1
	}
	if _, err := handler.Dispatch(os.Stdout, os.Stdin, args, localKey{*sv}); err != nil {
		return 1
	}
	return 0
}

func pluginKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "k.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FNSEAL_TEST_PLUGIN_KEY", path)
	return key
}

func TestKMS(t *testing.T) {
	key := pluginKey(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	private, err := sign.KMS{Plugin: exe}.Load(t.Context(), "testkms://release")
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(private.Public().Key) {
		t.Error("another public key")
	}
	signer, err := sign.New(private)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := signer.Name(t.Context()); err != nil || !strings.HasPrefix(name, "testkms://release (key id ") {
		t.Errorf("signs as %q, %v", name, err)
	}
	message, err := signer.SignDigest(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if fact := facts(t, private, message); !fact.Proves() || fact.Kind != verify.KindMessageSignature {
		t.Errorf("message: %+v", fact)
	}
	envelope, err := signer.SignStatement(t.Context(), statement(t))
	if err != nil {
		t.Fatal(err)
	}
	if fact := facts(t, private, envelope); !fact.Proves() || fact.Kind != verify.KindAttestation {
		t.Errorf("statement: %+v", fact)
	}
}

func TestKMSFailures(t *testing.T) {
	pluginKey(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for ref, says := range map[string]string{
		"testkms://silent":  "exit status 1",
		"testkms://chatty":  "this is what went wrong",
		"testkms://missing": "no such key",
		"testkms://empty":   "no public key",
		"testkms://slow":    "no answer within 1s",
	} {
		_, err := sign.KMS{Plugin: exe, Timeout: time.Second}.Load(t.Context(), ref)
		var failed *sign.PluginError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: %v, want %q", ref, err, says)
		}
	}
	if _, err := (sign.KMS{}).Load(t.Context(), "testkms://x"); !errors.Is(err, sign.ErrNoPlugin) {
		t.Errorf("no plug-in: %v", err)
	}
	if _, err := (sign.KMS{Plugin: exe}).Load(t.Context(), "testkms://"); err == nil {
		t.Error("a key without a name")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := (sign.KMS{Plugin: exe}).Load(ctx, "testkms://slow"); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestIsKMS(t *testing.T) {
	for ref, want := range map[string]bool{
		"awskms:///alias/x": true, "hashivault://k": true, "k.key": false, "./k.key": false, "": false,
		"://x": false, `C:\keys\k.key`: false, "/keys/a://b": false,
	} {
		if got := sign.IsKMS(ref); got != want {
			t.Errorf("%q: %t", ref, got)
		}
	}
}
