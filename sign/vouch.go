package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/digitorus/timestamp"
	httptransport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	rekortiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	rekor "github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/rekor/pkg/generated/client/entries"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fnseal/fnseal/trust"
)

// transparencyLog is a log that entries are written to.
type transparencyLog struct {
	service *service
	url     string
	version int
}

func newLogs(c Config) []transparencyLog {
	var logs []transparencyLog
	for _, s := range c.Services.Logs {
		logs = append(logs, transparencyLog{newService("the transparency log", c.Transport, c.Patience, c.Waiting), s.URL, s.Version})
	}
	return logs
}

// ErrLogRefuses says that a log records no such signatures.
var ErrLogRefuses = errors.New("the transparency log does not take such signatures")

// takes fails for a signature that the log would refuse, before it is made. A
// log of the second version records a key's signatures over the one hash that
// Sigstore's algorithm registry pairs with it.
func (l transparencyLog) takes(key trust.PublicKey, over protocommon.HashAlgorithm) error {
	switch hashes := key.Hashes(); {
	case l.version < 2:
		return nil
	case len(hashes) == 0:
		return fmt.Errorf("%w: %s records signatures over hashes, which Ed25519 keys do not make", ErrLogRefuses, l.url)
	case over != hashAlgorithm(hashes[0]):
		return fmt.Errorf("%w: %s records signatures of this kind of key over %v only, and a file is signed by its sha256 (attestations can be logged)", ErrLogRefuses, l.url, hashes[0])
	}
	return nil
}

// errLogged says that a log holds the same entry already and did not return
// it.
var errLogged = errors.New("the log holds this signature already")

// GetTransparencyLogEntry adds a bundle's signature to the log and the log's
// proof to the bundle. It implements sign.Transparency.
func (l transparencyLog) GetTransparencyLogEntry(ctx context.Context, keyOrCert []byte, b *protobundle.Bundle) error {
	options := &sign.RekorOptions{BaseURL: l.url, Version: uint32(l.version), Timeout: l.service.patience.Total}
	if l.version == 1 {
		u, err := url.Parse(l.url)
		if err != nil {
			return fmt.Errorf("the URL of a log: %w", err)
		}
		path := u.Path
		if path == "" {
			path = rekor.DefaultBasePath
		}
		rt := httptransport.NewWithClient(u.Host, path, []string{u.Scheme}, &http.Client{Transport: l.service})
		options.Client = entries.New(rt, strfmt.Default)
	} else {
		options.ClientV2 = tiles{l}
	}
	return sign.NewRekor(options).GetTransparencyLogEntry(ctx, keyOrCert, b)
}

// tiles writes to a log of the second version. rekor-tiles' own client takes
// no transport of another's.
type tiles struct{ log transparencyLog }

func (t tiles) Add(ctx context.Context, entry any) (*protorekor.TransparencyLogEntry, error) {
	record, ok := entry.(*rekortiles.HashedRekordRequestV002)
	if !ok {
		return nil, fmt.Errorf("entries of type %T are not known", entry)
	}
	body, err := protojson.Marshal(&rekortiles.CreateEntryRequest{
		Spec: &rekortiles.CreateEntryRequest_HashedRekordRequestV002{HashedRekordRequestV002: record},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding log entry: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.log.url+"/api/v2/log/entries", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.log.service.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusConflict {
		return nil, fmt.Errorf("%s: %w", t.log.url, errLogged)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	added := &protorekor.TransparencyLogEntry{}
	if err := protojson.Unmarshal(answer, added); err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", t.log.url, err)
	}
	return added, nil
}

// timestampAuthority says when a signature was there.
type timestampAuthority struct {
	service *service
	url     string
}

func newTimestamps(c Config) []timestampAuthority {
	var all []timestampAuthority
	for _, s := range c.Services.Timestamps {
		service := newService("the timestamp authority", c.Transport, c.Patience, c.Waiting)
		service.check = func(body []byte) error {
			if _, err := timestamp.ParseResponse(body); err != nil {
				return fmt.Errorf("%w: a timestamp is expected: %w", errAnswer, err)
			}
			return nil
		}
		all = append(all, timestampAuthority{service, s.URL})
	}
	return all
}

func (t timestampAuthority) bound(ctx context.Context) *sign.TimestampAuthority {
	return sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: t.url, Transport: t.service.bound(ctx), Timeout: -1})
}
