package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/catalog"
)

func TestRuntime(t *testing.T) {
	boto3 := file{name: "boto3-1.34.0.dist-info/METADATA", content: "Name: boto3\nVersion: 1.34.0\n\n"}
	runtime := fnpkg.Edge{To: "pkg:generic/aws-lambda/python3.12"}
	botocore := fnpkg.Edge{From: runtime.To, To: "pkg:pypi/botocore"}
	for _, tt := range []struct {
		name  string
		files []file
		want  []string
		edges []fnpkg.Edge
	}{
		{"it holds what the function imports", []file{{name: "app.py", content: "import boto3"}},
			[]string{runtime.To, "pkg:pypi/boto3", botocore.To},
			[]fnpkg.Edge{runtime, {From: runtime.To, To: "pkg:pypi/boto3"}, botocore}},
		{"but for what the function ships", []file{boto3},
			[]string{runtime.To, botocore.To}, []fnpkg.Edge{runtime, botocore}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := catalog.Catalog(context.Background(), packageOf(t, tt.files...), catalog.Options{Runtime: "python3.12"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, purls(inv, fnpkg.OriginRuntime)); diff != "" {
				t.Errorf("components of the runtime (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.edges, inv.Edges); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
	_, err := catalog.Catalog(context.Background(), packageOf(t, boto3), catalog.Options{Runtime: "python99"})
	var unknown *catalog.UnknownRuntimeError
	if !errors.As(err, &unknown) || unknown.Name != "python99" {
		t.Errorf("error %v, want one that the runtime is not known", err)
	}
}
