package osvgen

import (
	"bytes"
	"testing"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestSameFeedSameBytes(t *testing.T) {
	var first, second, other bytes.Buffer
	for buf, seed := range map[*bytes.Buffer]uint64{&first: 1, &second: 1, &other: 2} {
		if err := (Feed{Records: 300, Seed: seed}).WriteZip(buf, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same feed has other bytes the second time")
	}
	if bytes.Equal(first.Bytes(), other.Bytes()) {
		t.Error("another seed has the same bytes")
	}
}

// TestRecordsAreValid reads each record as strictly as the schema's bindings
// can.
func TestRecordsAreValid(t *testing.T) {
	ids := make(map[string]bool)
	err := Feed{Records: 300, Seed: 1}.Each(func(r Record) error {
		var v osvschema.Vulnerability
		if err := protojson.Unmarshal(r.JSON, &v); err != nil {
			return err
		}
		if v.GetId() != r.ID || v.GetAffected()[0].GetPackage().GetName() != r.Package || !v.GetModified().AsTime().Equal(r.Modified) {
			t.Errorf("%s: the record is not what it is said to be", r.ID)
		}
		ids[r.ID] = true
		return nil
	})
	if err != nil || len(ids) != 300 {
		t.Errorf("%d ids, %v", len(ids), err)
	}
}
