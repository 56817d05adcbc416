package attest

// TypeApproval is the predicate type of approvals: its signer has looked at the
// artifact and agrees that it is used for a purpose.
const TypeApproval = "https://github.com/fnseal/fnseal/attestation/approval/v1"

// TypeSLSAProvenance02 is what builders wrote before TypeSLSAProvenance;
// accepted on input.
const TypeSLSAProvenance02 = "https://slsa.dev/provenance/v0.2"

// Approval is the predicate of TypeApproval. When it was given is said by the
// timestamps of the bundle, which others vouch for.
type Approval struct {
	For    string `json:"for,omitempty"`    // the purpose, such as "production"
	Reason string `json:"reason,omitempty"` // for a person
}

// Statement says a of subjects.
func (a Approval) Statement(subjects []Subject) (Statement, error) {
	return NewStatement(subjects, TypeApproval, a)
}
