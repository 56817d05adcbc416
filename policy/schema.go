package policy

import _ "embed"

// FileSchema is the JSON schema (draft 2020-12) of the policy file, made from
// the types that read it. It cannot say everything [Load] demands, and accepts
// whatever Load does.
//
//go:embed fnseal.schema.json
var FileSchema []byte
