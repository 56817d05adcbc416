package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The results of a verification.
const (
	VSAPassed = "PASSED"
	VSAFailed = "FAILED"
)

// LevelUnevaluated says that no level of the SLSA build track was looked for.
const LevelUnevaluated = "SLSA_BUILD_LEVEL_UNEVALUATED"

// VSA is the predicate of TypeVSA: what a verifier decided of an artifact (SLSA
// verification summary, v1).
type VSA struct {
	Verifier     VSAVerifier   `json:"verifier"`
	TimeVerified time.Time     `json:"timeVerified"`
	ResourceURI  string        `json:"resourceUri"`
	Policy       VSAPolicy     `json:"policy"`
	Inputs       []VSAResource `json:"inputAttestations,omitempty"`
	Result       string        `json:"verificationResult"`
	Levels       []string      `json:"verifiedLevels"`
	SLSAVersion  string        `json:"slsaVersion,omitempty"`
}

// VSAVerifier is who decided.
type VSAVerifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"` // of its tools
}

// VSAPolicy is what was demanded.
type VSAPolicy struct {
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// VSAResource is an attestation that was looked at.
type VSAResource struct {
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

// Statement says v of subjects.
func (v VSA) Statement(subjects []Subject) (Statement, error) {
	v.TimeVerified = v.TimeVerified.UTC().Truncate(time.Second)
	if len(v.Levels) == 0 {
		v.Levels = []string{LevelUnevaluated}
	}
	return NewStatement(subjects, TypeVSA, v)
}

// ParseVSA reads the predicate of a verification summary. Members it does not
// know are left out, as the specification asks of readers; those it knows must
// be there and say something.
func ParseVSA(predicate json.RawMessage) (VSA, error) {
	if err := checkJSON(predicate); err != nil {
		return VSA{}, err
	}
	var v VSA
	var verifier, policy json.RawMessage
	if err := exactly(predicate, map[string]any{
		"verifier": &verifier, "timeVerified": &v.TimeVerified, "resourceUri": &v.ResourceURI, "policy": &policy,
		"inputAttestations": &v.Inputs, "verificationResult": &v.Result, "verifiedLevels": &v.Levels, "slsaVersion": &v.SLSAVersion,
	}); err != nil {
		return VSA{}, err
	}
	if err := exactly(verifier, map[string]any{"id": &v.Verifier.ID, "version": &v.Verifier.Version}); err != nil {
		return VSA{}, fmt.Errorf("verifier: %w", err)
	}
	if err := exactly(policy, map[string]any{"uri": &v.Policy.URI, "digest": &v.Policy.Digest}); err != nil {
		return VSA{}, fmt.Errorf("policy: %w", err)
	}
	switch {
	case v.Verifier.ID == "":
		return VSA{}, errors.New("it names no verifier")
	case v.ResourceURI == "":
		return VSA{}, errors.New("it names no resource")
	case v.Result != VSAPassed && v.Result != VSAFailed:
		return VSA{}, fmt.Errorf("its result %q is neither %s nor %s", clip(v.Result), VSAPassed, VSAFailed)
	case v.TimeVerified.IsZero():
		return VSA{}, errors.New("it does not say when it was verified")
	}
	return v, nil
}

// exactly reads members of an object. Names are compared as they are written:
// encoding/json would take "VerificationResult" for the result. No text is an
// object without members.
func exactly(object json.RawMessage, into map[string]any) error {
	if len(object) == 0 {
		return nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(object, &raw); err != nil {
		return err
	}
	for name, to := range into {
		if text, ok := raw[name]; ok {
			if err := json.Unmarshal(text, to); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// LevelReached reports whether one of the levels is the wanted one, or a higher
// one of the same track: SLSA_BUILD_LEVEL_3 is at least SLSA_BUILD_LEVEL_2.
func LevelReached(levels []string, want string) bool {
	track, need, ranked := splitLevel(want)
	for _, have := range levels {
		if have == want {
			return true
		}
		if t, n, ok := splitLevel(have); ok && ranked && t == track && n >= need {
			return true
		}
	}
	return false
}

// splitLevel splits SLSA_BUILD_LEVEL_3 into its track and number.
func splitLevel(level string) (track string, n int, ok bool) {
	i := strings.LastIndex(level, "_LEVEL_")
	if !strings.HasPrefix(level, "SLSA_") || i < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(level[i+len("_LEVEL_"):])
	return level[:i], n, err == nil && n >= 0
}
