package inspect

import "github.com/fnseal/fnseal/fnpkg"

// Provider names a provider of functions.
type Provider string

// The providers that are recognised.
const (
	ProviderAWS        Provider = "aws-lambda"
	ProviderAzure      Provider = "azure-functions"
	ProviderCloudflare Provider = "cloudflare-workers"
	ProviderGoogle     Provider = "google-cloud-functions"
	ProviderNetlify    Provider = "netlify-functions"
	ProviderVercel     Provider = "vercel-functions"
)

// Limit is a size a provider does not accept more than.
type Limit struct {
	Provider Provider
	What     string // what is limited, for a person
	Bytes    int64
	Text     string // the limit in the provider's words
	Source   string // where the provider says so
	Read     string // the day that was read or dated, 2006-01-02

	of    measure
	kinds []fnpkg.Kind // nil for zips and directories
}

// measure is which size of a package counts against a limit.
type measure int

const (
	packed measure = iota
	unpacked
)

const (
	mib = 1 << 20

	awsLimits        = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
	cloudflareLimits = "https://developers.cloudflare.com/workers/platform/limits/"
	googleLimits     = "https://cloud.google.com/functions/quotas"
	vercelLimits     = "https://vercel.com/guides/troubleshooting-function-250mb-limit"
)

// providerLimits returns the limits of all providers. AWS counts MB as MiB: it
// refuses with "Unzipped size must be smaller than 262144000 bytes".
//
// A provider without an entry documents no limit on the size of a package that
// could be checked here.
func providerLimits() []Limit {
	image := []fnpkg.Kind{fnpkg.KindImage}
	return []Limit{
		{Provider: ProviderAWS, What: "zipped, uploaded directly", Bytes: 50 * mib, Text: "50 MB", Source: awsLimits, Read: "2026-11-22", of: packed},
		{Provider: ProviderAWS, What: "unzipped, with all layers", Bytes: 250 * mib, Text: "250 MB", Source: awsLimits, Read: "2026-11-22", of: unpacked},
		{Provider: ProviderAWS, What: "image, uncompressed", Bytes: 10 << 30, Text: "10 GB", Source: awsLimits, Read: "2026-11-22", of: unpacked, kinds: image},
		{Provider: ProviderCloudflare, What: "compressed, free plan", Bytes: 3 * mib, Text: "3 MB", Source: cloudflareLimits, Read: "2026-11-22", of: packed},
		{Provider: ProviderCloudflare, What: "compressed, paid plan", Bytes: 10 * mib, Text: "10 MB", Source: cloudflareLimits, Read: "2026-11-22", of: packed},
		{Provider: ProviderGoogle, What: "compressed sources, 1st gen", Bytes: 100 * mib, Text: "100 MB", Source: googleLimits, Read: "2026-11-22", of: packed},
		{Provider: ProviderGoogle, What: "uncompressed, 1st gen", Bytes: 500 * mib, Text: "500 MB", Source: googleLimits, Read: "2026-11-22", of: unpacked},
		{Provider: ProviderNetlify, What: "unzipped", Bytes: 250 * mib, Text: "250 MB", Source: awsLimits, Read: "2026-11-22", of: unpacked}, // it runs on AWS Lambda
		{Provider: ProviderVercel, What: "unzipped", Bytes: 250 * mib, Text: "250 MB", Source: vercelLimits, Read: "2025-03-19", of: unpacked},
	}
}

// limitUses sets the sizes against the limits of the providers that have the
// strongest hints (which come first), or of AWS Lambda where there are none.
func limitUses(kind fnpkg.Kind, sizes Sizes, hints []ProviderHint) []LimitUse {
	providers := map[Provider]bool{}
	for _, h := range hints {
		if h.Strength == hints[0].Strength {
			providers[h.Provider] = true
		}
	}
	if len(providers) == 0 {
		providers[ProviderAWS] = true
	}
	var uses []LimitUse
	for _, l := range providerLimits() {
		if !providers[l.Provider] || !l.applies(kind) {
			continue
		}
		use := LimitUse{Limit: l, Size: sizes.Unpacked}
		if l.of == packed {
			if kind == fnpkg.KindDirectory {
				continue // how large it packs is not known before it is packed
			}
			use.Size = sizes.Packed
		}
		uses = append(uses, use)
	}
	return uses
}

func (l Limit) applies(kind fnpkg.Kind) bool {
	if l.kinds == nil {
		return kind == fnpkg.KindZip || kind == fnpkg.KindDirectory
	}
	for _, k := range l.kinds {
		if k == kind {
			return true
		}
	}
	return false
}
