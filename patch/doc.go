// Package patch turns findings into a plan: what to remove, what to upgrade to
// which version in which function, by when, and what no upgrade can clear.
//
// It is pure. A [Builder] is given the inventory and the findings of one
// package after the other; [Builder.Plan] asks the feed which versions are
// ahead of those installed and returns the [Plan]. What the builder keeps grows
// with distinct affected components and the places they were found in, not with
// the components of all packages.
//
// The rules:
//
//   - An upgrade never goes down, and only to a version that some record names
//     as fixed. That no record says a version is affected is not enough: versions
//     behind a last_affected event are "no confirmed fix".
//   - Of the versions ahead, the lowest that no known advisory of the package
//     affects is chosen, within the smallest step (patch, minor, major) that
//     clears as much as any step can.
//   - Packages that need an upgrade share one version where their steps allow
//     it, so that the plan has as few upgrades as can be.
//   - Malicious packages are removed and secrets rotated; there is no version
//     to upgrade to.
package patch
