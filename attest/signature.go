package attest

import "encoding/json"

// SignatureStatement says that subjects are signed and nothing else of them.
// It is what cosign signs images with: an image has no file whose digest a
// message signature could be made over.
func SignatureStatement(subjects []Subject) (Statement, error) {
	return NewStatement(subjects, TypeCosignSign, json.RawMessage("{}"))
}
