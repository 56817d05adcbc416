// Package zipfile reads a zip archive as a function package. It opens the
// archive once, never writes to disk, and checks every claim of the archive's
// headers against every other before it believes one.
//
// The format is that of PKWARE's APPNOTE.TXT; section numbers in comments are
// those of its version 6.3.10. Where readers in use differ on a malformed
// archive, the archive is opened and the difference is reported as a hazard;
// where the archive cannot be read at all, opening it is a *fnpkg.FormatError;
// where it crosses a limit, a *fnpkg.LimitError, before anything in proportion
// to its claims was allocated.
//
// Tolerated without a hazard, because readers agree on them and real packers
// produce them: an archive comment that ends with the file, a leading "./" in
// names, a directory listed more than once, an entry for the root itself (which
// is left out), missing or additional modes and times, and data descriptors.
//
// Tolerated too, though readers do not agree: names that are valid UTF-8 and
// lack the UTF-8 flag. macOS writes all its names so; they are read as UTF-8,
// while the letter of the format, and Python, take them for code page 437.
package zipfile
