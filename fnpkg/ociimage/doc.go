// Package ociimage reads a container image as a function package: its layers,
// applied one upon the other, judged as the one file system that runs.
//
// Layers are applied as containerd, docker and podman do (image-spec, "Image
// Layer Filesystem Changeset"): a later entry replaces an earlier one,
// directories merge, whiteouts remove what lower layers hold, hard links share
// content, and a symbolic link on the way to an entry is followed within the
// image. What none of them could apply, such as a hard link to nothing, is a
// *fnpkg.FormatError.
//
// A layer is compressed as a whole and can be read from front to back only. So
// all layers are read once, when the image is opened, and the content of their
// files is kept uncompressed in one temporary file: private, without a name
// where the system allows that, removed when the package is closed, and never
// longer than Limits.TotalBytes. A small image is kept in memory. Nothing is
// unpacked to a path that comes from the image.
//
// # Hazards
//
// Images run on Linux, and hazards are judged by its rules. Some things that
// make a zip ambiguous are therefore none here: names that differ in case
// (terminfo has thousands), backslashes in names (systemd has them), leading
// slashes, which all readers drop, symbolic links to absolute paths or above
// the root, which stay within the image, and a file listed in several layers.
// Programs with a setuid bit are reported, and as everywhere not ambiguous.
//
// Ambiguous are: ".." in names, control characters, names that are not UTF-8,
// one layer that lists a name twice (readers differ in which listing counts),
// that puts something beneath a symbolic link of its own, that removes what it
// adds, or that uses another way than whiteouts to remove, and data behind the
// end of a layer's tar archive.
//
// Device nodes of the usual kind beneath dev/ are left out: every runtime
// mounts its own /dev over them. Others are hazards.
package ociimage
