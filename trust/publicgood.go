package trust

import (
	_ "embed"
	"fmt"
	"time"
)

// The trusted root of the public-good Sigstore instance as its TUF repository
// served it on the snapshot's day.
//
//go:embed roots/public-good.json
var publicGood []byte

// publicGoodDay is the day of the snapshot in roots/public-good.json; the two
// change together.
const publicGoodDay = "2026-01-01"

// PublicGoodName is the Name of the roots of the public-good instance.
const PublicGoodName = "public-good"

// PublicGood returns the snapshot of the public-good instance's trusted root
// that is part of the program. It asks nobody; its Date says how old it is.
func PublicGood() (*Root, error) {
	r, err := ParseRoot(publicGood, PublicGoodName)
	if err != nil {
		return nil, fmt.Errorf("the program's own snapshot: %w", err)
	}
	if r.Date, err = time.Parse(time.DateOnly, publicGoodDay); err != nil {
		return nil, fmt.Errorf("the program's own snapshot: %w", err)
	}
	return r, nil
}
