package attest

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Description is what a bundle says it is. Nothing of it is verified.
type Description struct {
	MediaType string // of the bundle
	Content   Content

	// Statement is what an attestation says; nil for a message signature.
	Statement *Statement
}

// PredicateType returns the predicate type of an attestation, empty for a
// message signature.
func (d Description) PredicateType() string {
	if d.Statement == nil {
		return ""
	}
	return d.Statement.PredicateType
}

// Content is what a bundle holds, in the words of the annotation
// dev.sigstore.bundle.content.
type Content string

// The contents.
const (
	ContentSignature Content = "message-signature"
	ContentEnvelope  Content = "dsse-envelope"
)

// Describe reads what a bundle says it is from its JSON.
func Describe(bundle []byte) (Description, error) {
	d, err := describe(bundle)
	if err != nil {
		return Description{}, fmt.Errorf("reading bundle: %w", err)
	}
	return d, nil
}

func describe(bundle []byte) (Description, error) {
	var d Description
	if err := checkJSON(bundle); err != nil {
		return d, err
	}
	top, err := members(bundle)
	if err != nil {
		return d, fmt.Errorf("it %w", err)
	}
	for _, m := range top {
		switch m.name {
		case "mediaType":
			d.MediaType, err = text(m.value)
		case "messageSignature":
			d.Content, err = d.only(ContentSignature)
		case "dsseEnvelope":
			if d.Content, err = d.only(ContentEnvelope); err == nil {
				d.Statement, err = envelope(m.value)
			}
		}
		if err != nil {
			return d, fmt.Errorf("member %q %w", clip(m.name), err)
		}
	}
	switch {
	case d.MediaType == "":
		return d, errors.New("it has no media type")
	case d.Content == "":
		return d, errors.New("it holds neither a message signature nor an envelope")
	}
	return d, nil
}

// only fails if the bundle holds something already.
func (d Description) only(c Content) (Content, error) {
	if d.Content != "" {
		return "", errors.New("is not all that it holds")
	}
	return c, nil
}

// envelope returns the statement in a DSSE envelope.
func envelope(value json.RawMessage) (*Statement, error) {
	list, err := members(value)
	if err != nil {
		return nil, err
	}
	var payload []byte
	for _, m := range list {
		switch m.name {
		case "payload":
			err = json.Unmarshal(m.value, &payload)
		case "payloadType":
			var t string
			if t, err = text(m.value); err == nil && t != PayloadType {
				err = fmt.Errorf("is %q, not that of an in-toto statement", clip(t))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("has a member %q that %w", clip(m.name), err)
		}
	}
	s, err := parseStatement(payload)
	if err != nil {
		return nil, fmt.Errorf("holds no in-toto statement: %w", err)
	}
	return s, nil
}
