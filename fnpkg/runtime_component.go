package fnpkg

import "strings"

// foundByRuntime is Component.FoundBy of what a managed runtime brings.
const foundByRuntime = "managed-runtime"

// Component returns the runtime as a component of an inventory, of
// OriginRuntime: the package does not ship it, but runs on it. Its purl is
//
//	pkg:generic/aws-lambda/python3.12
//
// the provider as namespace and the provider's own name of the runtime as
// name. There is no version: which patch level runs is the provider's choice
// and changes without notice.
func (r Runtime) Component() Component {
	return Component{
		PURL:       "pkg:generic/" + r.Provider + "/" + r.Name,
		Type:       "generic",
		Name:       r.Provider + "/" + r.Name,
		Origin:     OriginRuntime,
		Confidence: 1,
		FoundBy:    foundByRuntime,
	}
}

// RuntimeComponent returns the runtime of that name as a component, and false
// for a runtime that is in no table: nothing is known of it.
func RuntimeComponent(name string) (Component, bool) {
	r, ok := LookupRuntime(name)
	if !ok {
		return Component{}, false
	}
	return r.Component(), true
}

// Provided returns the packages that functions can import without shipping
// them because the runtime holds them, without versions: those too change
// without notice. Only what the provider documents for the whole family is
// listed: boto3 and botocore in every Python runtime, aws-sdk (version 2) in
// Node.js up to 16. From Node.js 18 on the runtime holds some part of the
// @aws-sdk packages, which part is not documented, so none is claimed.
//
// See https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html.
func (r Runtime) Provided() []Component {
	if r.Provider != "aws-lambda" || r.ContainerOnly {
		return nil
	}
	switch {
	case strings.HasPrefix(r.Name, "python"):
		return []Component{provided("pypi", "boto3"), provided("pypi", "botocore")}
	case holdsSDK2(r.Name):
		return []Component{provided("npm", "aws-sdk")}
	}
	return nil
}

func provided(typ, name string) Component {
	return Component{
		PURL: "pkg:" + typ + "/" + name, Type: typ, Name: name,
		Origin: OriginRuntime, Confidence: 1, FoundBy: foundByRuntime,
	}
}

// holdsSDK2 reports whether the Node.js runtime of that name brings version 2
// of the SDK.
func holdsSDK2(name string) bool {
	switch name {
	case "nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x":
		return true
	}
	return false
}
