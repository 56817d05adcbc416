package sigstorekit

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"net/url"
	"strings"
	"time"
)

// GitHubIssuer is the issuer of identities of GitHub's workflows.
const GitHubIssuer = "https://token.actions.githubusercontent.com"

// Claims are what a certificate says beside whom it names, by the last arc of
// the object identifier under 1.3.6.1.4.1.57264.1 (Fulcio, docs/oid-info.md).
type Claims map[int]string

// Workflow returns the claims of a certificate for a workflow of a repository.
func Workflow(repository, ref, workflow string) Claims {
	uri := "https://github.com/" + repository
	signer := uri + "/.github/workflows/" + workflow + "@" + ref
	return Claims{
		9: signer, 10: strings.Repeat("a", 40), 11: "github-hosted", 12: uri, 13: strings.Repeat("c", 40), 14: ref,
		15: "1", 16: "https://github.com/" + strings.Split(repository, "/")[0], 17: "2", 18: signer,
		19: strings.Repeat("a", 40), 20: "push", 21: uri + "/actions/runs/1/attempts/1", 22: "public",
	}
}

// CertificateRequest asks for a signing certificate.
type CertificateRequest struct {
	Subjects []string // URIs, e-mail addresses or, with a "dns:" before them, names of hosts
	Issuer   string
	Claims   Claims
	From     time.Time
	For      time.Duration // 10 minutes if zero
	NoSCT    bool
	SCTBy    *Instance // whose log of certificates vouches for it; the instance's own if nil
	SCTAt    time.Time // From if zero
	Usage    x509.ExtKeyUsage
}

// Certificate issues a signing certificate for a key.
func (i *Instance) Certificate(key crypto.PublicKey, r CertificateRequest) *x509.Certificate {
	i.t.Helper()
	if r.For == 0 {
		r.For = 10 * time.Minute
	}
	if r.Usage == x509.ExtKeyUsageAny {
		r.Usage = x509.ExtKeyUsageCodeSigning
	}
	template := &x509.Certificate{
		SerialNumber: serial(i.t),
		NotBefore:    r.From, NotAfter: r.From.Add(r.For),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{r.Usage},
	}
	for _, s := range r.Subjects {
		host, isHost := strings.CutPrefix(s, "dns:")
		switch u, err := url.Parse(s); {
		case isHost:
			template.DNSNames = append(template.DNSNames, host)
		case err == nil && u.Scheme != "":
			template.URIs = append(template.URIs, u)
		default:
			template.EmailAddresses = append(template.EmailAddresses, s)
		}
	}
	add := func(arc int, text string, der bool) {
		value := []byte(text)
		if der {
			var err error
			if value, err = asn1.MarshalWithParams(text, "utf8"); err != nil {
				i.t.Fatal(err)
			}
		}
		template.ExtraExtensions = append(template.ExtraExtensions,
			pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, arc}, Value: value})
	}
	if r.Issuer != "" {
		add(1, r.Issuer, false)
		add(8, r.Issuer, true)
	}
	for arc := range 32 {
		if text, ok := r.Claims[arc]; ok {
			add(arc, text, true)
		}
	}
	cert := i.sign(template, key)
	if r.NoSCT {
		return cert
	}
	by := r.SCTBy
	if by == nil {
		by = i
	}
	if r.SCTAt.IsZero() {
		r.SCTAt = r.From
	}
	template.ExtraExtensions = append(template.ExtraExtensions, by.sct(cert, i.authority.cert, r.SCTAt))
	return i.sign(template, key)
}

func (i *Instance) sign(template *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	i.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, i.authority.cert, key, i.authority.key)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return cert
}

// sct vouches for a certificate that does not carry the proof yet (RFC 6962
// §3.2 and §3.3).
func (i *Instance) sct(cert, issuer *x509.Certificate, at time.Time) pkix.Extension {
	i.t.Helper()
	millis := uint64(at.UnixMilli())
	issuerKey := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	var signed bytes.Buffer
	signed.Write([]byte{0, 0}) // version 1, certificate_timestamp
	binary.Write(&signed, binary.BigEndian, millis)
	signed.Write([]byte{0, 1}) // precert_entry
	signed.Write(issuerKey[:])
	signed.Write([]byte{byte(len(cert.RawTBSCertificate) >> 16), byte(len(cert.RawTBSCertificate) >> 8), byte(len(cert.RawTBSCertificate))})
	signed.Write(cert.RawTBSCertificate)
	signed.Write([]byte{0, 0}) // no extensions
	sum := sha256.Sum256(signed.Bytes())
	sig, err := i.ctKey.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		i.t.Fatal(err)
	}
	var sct bytes.Buffer
	sct.WriteByte(0)
	sct.Write(logID(i.t, &i.ctKey.PublicKey))
	binary.Write(&sct, binary.BigEndian, millis)
	sct.Write([]byte{0, 0, 4, 3}) // no extensions; sha256, ecdsa
	binary.Write(&sct, binary.BigEndian, uint16(len(sig)))
	sct.Write(sig)

	var list bytes.Buffer
	binary.Write(&list, binary.BigEndian, uint16(sct.Len()+2))
	binary.Write(&list, binary.BigEndian, uint16(sct.Len()))
	list.Write(sct.Bytes())
	value, err := asn1.Marshal(list.Bytes())
	if err != nil {
		i.t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}
}
