package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// compare compares what a bundle signs with the digest of the file.
func compare(b *parsed, digest fnpkg.Digest) Result {
	if b.kind == KindMessageSignature {
		switch b.signed {
		case digest:
			return Result{State: Passed}
		case fnpkg.Digest{}:
			return Result{Failed, fmt.Sprintf("it signs a %s digest, which is not compared with the file's sha256", b.algorithm)}
		}
		return Result{Failed, fmt.Sprintf("the file is %s, but it signs %s", digest, b.signed)}
	}
	var others []string
	for _, s := range b.statement.Subjects {
		d, ok := s.SHA256()
		if ok && d == digest {
			return Result{State: Passed}
		}
		if ok {
			others = append(others, fmt.Sprintf("%s (%q)", d, clip(s.Name)))
		}
	}
	if len(others) == 0 {
		return Result{Failed, "none of its subjects has a sha256 to compare with"}
	}
	const most = 3
	if more := len(others) - most; more > 0 {
		others = append(slices.Clip(others[:most]), fmt.Sprintf("%d others", more))
	}
	return Result{Failed, fmt.Sprintf("the file is %s, but it signs %s", digest, strings.Join(others, ", "))}
}
