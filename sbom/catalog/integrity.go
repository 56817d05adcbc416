package catalog

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// npmArchive is an archive as a lock file of Node's managers states it: the URL
// it was downloaded from, and its integrity (W3C "Subresource Integrity").
func npmArchive(resolved, integrity string) fnpkg.Distribution {
	resolved, _, _ = strings.Cut(resolved, "#") // behind it yarn keeps a sha1
	d := fnpkg.Distribution{URL: webAddress(resolved)}
	d.SHA256, d.SHA512 = parseIntegrity(integrity)
	return d
}

// parseIntegrity returns the hashes of an integrity text in hexadecimal. Of
// several of one kind, any may be meant: then none is returned.
func parseIntegrity(text string) (sha256, sha512 string) {
	several := map[string]bool{}
	set := func(kind string, to *string, value string) {
		if *to != "" && *to != value {
			several[kind] = true
		}
		*to = value
	}
	for _, one := range strings.Fields(text) {
		kind, value, _ := strings.Cut(one, "-")
		value, _, _ = strings.Cut(value, "?") // options
		raw, err := base64.StdEncoding.DecodeString(value)
		switch {
		case err != nil:
		case kind == "sha256" && len(raw) == 32:
			set(kind, &sha256, hex.EncodeToString(raw))
		case kind == "sha512" && len(raw) == 64:
			set(kind, &sha512, hex.EncodeToString(raw))
		}
	}
	if several["sha256"] {
		sha256 = ""
	}
	if several["sha512"] {
		sha512 = ""
	}
	return sha256, sha512
}

// hexDigest returns a hash in lower-case hexadecimal, and nothing for what is
// none of n bytes.
func hexDigest(s string, n int) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if raw, err := hex.DecodeString(s); err != nil || len(raw) != n {
		return ""
	}
	return s
}
