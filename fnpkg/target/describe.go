package target

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// headLen is how much of a file's beginning tells what it is: a tar says so
// in its 262nd byte.
const headLen = 512

// beginsAsZip reports whether head is the beginning of a zip: a local header,
// the end record of an empty zip, or the marker of one that was to be split
// (APPNOTE.TXT §8.5.3, §8.5.4).
func beginsAsZip(head []byte) bool {
	for _, s := range []string{"PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x07\x08PK\x03\x04", "PK00PK\x03\x04"} {
		if bytes.HasPrefix(head, []byte(s)) {
			return true
		}
	}
	return false
}

// beginsAsTar reports whether head is the beginning of a tar archive, as all
// tools have written them since 1988.
func beginsAsTar(head []byte) bool {
	return len(head) > 262 && bytes.HasPrefix(head[257:], []byte("ustar"))
}

// describe says what a file that begins with head looks like, as the end of a
// sentence that begins with "it is".
func describe(head []byte) string {
	for _, m := range []struct {
		offset int
		magic  string
		what   string
	}{
		{0, "\x7fELF", "an ELF program or library"},
		{0, "\x1f\x8b", "gzip data"},
		{0, "BZh", "bzip2 data"},
		{0, "\xfd7zXZ\x00", "xz data"},
		{0, "\x28\xb5\x2f\xfd", "zstd data"},
		{0, "7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
		{0, "Rar!\x1a\x07", "a RAR archive"},
		{257, "ustar", "a tar archive"},
		{0, "!<arch>\n", "an ar archive"},
		{0, "\xed\xab\xee\xdb", "an RPM package"},
		{0, "\xca\xfe\xba\xbe", "a Java class or a macOS program"},
		{0, "\xcf\xfa\xed\xfe", "a macOS program or library"},
		{0, "\xce\xfa\xed\xfe", "a macOS program or library"},
		{0, "MZ", "a Windows program or library"},
		{0, "\x00asm", "a WebAssembly module"},
		{0, "%PDF-", "a PDF document"},
		{0, "\x89PNG", "an image"},
		{0, "\xff\xd8\xff", "an image"},
		{0, "GIF8", "an image"},
		{0, "-----BEGIN ", "text in PEM form"},
		{0, "#!", "a script"},
	} {
		if len(head) >= m.offset && bytes.HasPrefix(head[m.offset:], []byte(m.magic)) {
			return m.what
		}
	}
	switch {
	case len(head) == 0:
		return "an empty file"
	case isText(head):
		return describeText(head)
	}
	return "data of no known format"
}

func describeText(head []byte) string {
	trimmed := bytes.TrimLeftFunc(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), unicode.IsSpace)
	switch {
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")):
		return "text that looks like JSON"
	case bytes.HasPrefix(trimmed, []byte("<")):
		return "text that looks like XML or HTML"
	}
	return "text"
}

// isText reports whether head is UTF-8 without control characters other than
// those of text. A character cut off by the end of head is no objection.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n == 1:
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		case unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\x1b':
			return false
		}
		head = head[n:]
	}
	return true
}
