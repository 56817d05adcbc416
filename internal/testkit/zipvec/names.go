package zipvec

import (
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

const handler = "def handler(event, context):\n    return 'ok'\n"

// named returns an archive of an honest handler and one entry of a bad name.
func named(name string) func() []byte {
	return Zip(File("index.py", handler), File(name, "x\n")).Bytes
}

// names are attacks that lie in a single name.
func names() []Vector {
	return []Vector{
		{Name: "name-parent", Wrong: "a name that climbs out of the package", Hazards: found(fnpkg.HazardParentPath), Bytes: named("../../etc/cron.d/x")},
		{Name: "name-parent-inside", Wrong: "`..` in the middle of a name", Hazards: found(fnpkg.HazardParentPath), Bytes: named("lib/../index2.py")},
		{Name: "name-absolute", Wrong: "a name with a leading slash", Hazards: found(fnpkg.HazardAbsolutePath), Bytes: named("/etc/passwd")},
		{Name: "name-drive", Wrong: "a name with a drive letter", Hazards: found(fnpkg.HazardAbsolutePath), Bytes: named("C:/Windows/x.dll")},
		{Name: "name-backslash", Wrong: "a backslash, a folder on Windows and a letter elsewhere", Hazards: found(fnpkg.HazardBackslashPath), Bytes: named(`lib\x.py`)},
		{Name: "name-backslash-parent", Wrong: "`..` hidden behind backslashes", Hazards: found(fnpkg.HazardBackslashPath, fnpkg.HazardParentPath), Bytes: named(`..\..\x.py`)},
		{Name: "name-nul", Wrong: "a NUL, where C programs stop reading the name", Hazards: found(fnpkg.HazardControlName), Bytes: named("lib.py\x00.txt")},
		{Name: "name-escape", Wrong: "a terminal escape sequence in a name", Hazards: found(fnpkg.HazardControlName), Bytes: named("\x1b[2Jlib.py")},
		{Name: "name-newline", Wrong: "a line break in a name", Hazards: found(fnpkg.HazardControlName), Bytes: named("lib.py\n::error::x")},
		{Name: "name-c1-control", Wrong: "a control character of two bytes", Hazards: found(fnpkg.HazardControlName), Bytes: named("lib\u0085.py")},
		{Name: "name-empty", Wrong: "an entry without a name", Hazards: found(fnpkg.HazardInvalidName), Bytes: named("")},
		{Name: "name-dot", Wrong: "a `.` element in a name", Hazards: found(fnpkg.HazardInvalidName), Bytes: named("lib/./x.py")},
		{Name: "name-double-slash", Wrong: "an empty element in a name", Hazards: found(fnpkg.HazardInvalidName), Bytes: named("lib//x.py")},
		{Name: "name-not-utf8", Wrong: "a name in another encoding than UTF-8", Hazards: found(fnpkg.HazardInvalidName), Bytes: named("caf\x82.py")},
		{Name: "name-unicode-path", Wrong: "an extra field of the directory that gives another name", Hazards: found(fnpkg.HazardUnicodePathExtra), Bytes: unicodePath(false, true)},
		{Name: "name-unicode-path-local", Wrong: "an extra field of the local header that gives another name", Hazards: found(fnpkg.HazardUnicodePathExtra), Bytes: unicodePath(true, false)},
		{Name: "name-long", Wrong: "a name of 5,000 bytes", Open: LimitError, Bytes: named(strings.Repeat("a", 5000))},
	}
}

func unicodePath(local, central bool) func() []byte {
	e := File("index.py", handler)
	field := extra(0x7075, join([]byte{1}, le(uint32(0x8b6a71f4)), []byte("evil.py")))
	if local {
		e.Local.Extra = field
	}
	if central {
		e.Central.Extra = field
	}
	return Zip(e).Bytes
}
