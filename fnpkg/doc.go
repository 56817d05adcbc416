// Package fnpkg holds the words every other room of fnseal speaks: a function
// [Package] with its [Entry] values, its two digests, its hazards, and the
// [Inventory] of components found in it.
//
// It is standard library only and does no input or output of its own: readers
// in zipfile, dirtree and ociimage turn bytes into a Package, and package
// target chooses among them by content.
package fnpkg
